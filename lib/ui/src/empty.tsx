import type { ComponentChildren, JSX } from 'preact';
import { CommandLine } from './command-line.tsx';

export type EmptyProps = {
  readonly title: string;
  /** What to do about it in a terminal. */
  readonly command?: string | undefined;
  readonly children?: ComponentChildren;
};

/** Where there is nothing to show: says why, and what to do. */
export function Empty({ title, command, children }: EmptyProps): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <div class="empty-text">{children}</div>}
      {command !== undefined && <CommandLine command={command} />}
    </div>
  );
}

/** Keeps the place of `lines` lines that are on their way. */
export function Skeleton({
  lines = 1,
  class: name = '',
}: {
  readonly lines?: number;
  readonly class?: string;
}): JSX.Element {
  return (
    <div class={`skeleton ${name}`} aria-hidden="true">
      {Array.from({ length: lines }, (_, index) => (
        <i key={index} />
      ))}
    </div>
  );
}
