import { CopyButton, Empty, formatClock, formatCount, Icon, Skeleton } from '@plumb/ui';
import type { JSX, RefObject } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { filterLines, linesAsText, type TailLine } from '../store/log-lines.ts';
import { createLogTail, followLog } from '../store/log-tail.ts';
import { useConsole, useRunning } from './console-context.ts';
import { memo } from './memo.ts';

/** The log of an application as it is written. Scrolling up holds it still; the button at its foot lets it go on. */
export function LogView({
  application,
  units,
}: {
  readonly application: string;
  readonly units: readonly string[];
}): JSX.Element {
  const { api, world } = useConsole();
  const tail = useMemo(() => createLogTail(application), [application]);
  useRunning((signal) => followLog(tail, api, world, signal), [tail]);
  const [filter, setFilter] = useState({ text: '', unit: '' });
  const [held, setHeld] = useState<readonly TailLine[] | undefined>(undefined);
  const live = tail.lines.value;
  const shown = filterLines(held ?? live ?? [], filter);
  const box = useStickyFoot(shown, held === undefined);

  const onScroll = (): void => {
    const isAtFoot = box.current !== null && distanceToFoot(box.current) < FOOT_PIXELS;
    if (isAtFoot && held !== undefined) setHeld(undefined);
    if (!isAtFoot && held === undefined) setHeld(live);
  };
  return (
    <section class="card log" aria-label="Log">
      <header class="log-head">
        <input
          class="input"
          type="search"
          data-filter
          aria-label="Filter lines"
          placeholder="Filter lines  /"
          value={filter.text}
          onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
        />
        <select
          class="input log-unit"
          aria-label="Unit"
          value={filter.unit}
          onChange={(event) => setFilter({ ...filter, unit: event.currentTarget.value })}
        >
          <option value="">All units</option>
          {units.map((unit) => (
            <option key={unit} value={unit}>
              {unit.split('/').at(-1)}
            </option>
          ))}
        </select>
        <span class="log-count faint">{live === undefined ? '' : formatCount(shown.length, 'line')}</span>
        <CopyButton label="Copy these lines" text={() => linesAsText(shown)} />
      </header>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolled region must be reachable by keyboard */}
      <div ref={box} class="log-box" role="log" aria-label="Lines" aria-live="off" tabIndex={0} onScroll={onScroll}>
        {live === undefined && tail.refused.value === undefined && <Skeleton class="pad" lines={6} />}
        {tail.refused.value !== undefined && (
          <Empty title="The log cannot be read" command={`plumb logs ${application}`}>
            {tail.refused.value}
          </Empty>
        )}
        {live !== undefined && shown.length === 0 && (
          <Empty title={live.length === 0 ? 'No lines yet' : 'No line has this text'}>
            What the units print appears here as it is printed.
          </Empty>
        )}
        {shown.map((line) => (
          <LogRow key={line.id} line={line} />
        ))}
      </div>
      {held !== undefined && (
        <button type="button" class="button log-follow" onClick={() => setHeld(undefined)}>
          <Icon name="down" /> {missedText(held, live)}
        </button>
      )}
    </section>
  );
}

/** Within this distance the box counts as scrolled to its foot. */
const FOOT_PIXELS = 24;

function distanceToFoot({ scrollHeight, scrollTop, clientHeight }: HTMLElement): number {
  return scrollHeight - scrollTop - clientHeight;
}

/** Keeps the last line in sight whenever lines come, unless the person has scrolled up. */
function useStickyFoot(lines: readonly TailLine[], isFollowing: boolean): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (isFollowing && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, isFollowing]);
  return box;
}

function missedText(held: readonly TailLine[], live: readonly TailLine[] = []): string {
  const count = (live.at(-1)?.id ?? 0) - (held.at(-1)?.id ?? 0);
  return count > 0 ? `${formatCount(count, 'more line')}` : 'Follow';
}

const LogRow = memo(({ line: { at, unit, stream, line } }: { readonly line: TailLine }): JSX.Element => (
  <div class={`log-line log-${stream}`}>
    <time class="faint">{formatClock(at)}</time>
    <span class="log-source">{unit.split('/').at(-1)}</span>
    <span class="log-stream">{stream === 'stdout' ? '' : stream === 'stderr' ? 'err' : 'plumb'}</span>
    <span class="log-text">{line}</span>
  </div>
));
