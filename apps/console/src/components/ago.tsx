import { formatAgo, formatMoment, formatSpan } from '@plumb/ui';
import type { JSX } from 'preact';
import { useConsole } from './console-context.ts';

/** How long ago, kept right; the exact moment on hover. */
export function Ago({ at }: { readonly at: number }): JSX.Element {
  const { now } = useConsole().store;
  return (
    <time dateTime={new Date(at).toISOString()} title={formatMoment(at, now.value)}>
      {formatAgo(at, now.value)}
    </time>
  );
}

/** How long since, kept right: an uptime. */
export function Since({ at }: { readonly at: number }): JSX.Element {
  const { now } = useConsole().store;
  return (
    <time dateTime={new Date(at).toISOString()} title={`since ${formatMoment(at, now.value)}`}>
      {formatSpan(now.value - at)}
    </time>
  );
}
