/**
 * The two ways to follow a range, over what is in memory.
 *
 * Invariants: `watchState` gives a snapshot, then each later change in its range, once and in order; one that falls more
 * than the queue's keys behind gets a new snapshot instead of what it missed. The first snapshot and that one are the same
 * path. `watchHistory` gives each change from a revision on, once and in order; one that falls behind reads the history
 * until it has caught up, which is how it begins too, and ends when the history does not reach that far back.
 * Nothing is held before the first event is asked for.
 */
import type { Clock } from '@plumb/base';
import type { History } from './history.ts';
import type { KeyRange } from './key-range.ts';
import type { KvChange, KvState } from './kv-state.ts';
import { WATCH_PROGRESS_PERIOD_MS } from './limits.ts';
import { changeWithin } from './overlay.ts';
import type { ChangeEvent, HistoryEvent, HistoryWatchOptions, WatchEvent, WatchOptions } from './watch-event.ts';
import type { WatchHub } from './watch-hub.ts';
import { WatchQueue } from './watch-queue.ts';

export type WatchSource = {
  readonly state: KvState;
  readonly history: History;
  readonly hub: WatchHub;
  readonly clock: Clock;
  /** Changed keys that wait for a watcher. */
  readonly queueMax: number;
  readonly isClosed: () => boolean;
};

export async function* watchState(
  { state, hub, queueMax, isClosed }: WatchSource,
  range: KeyRange,
  { signal }: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  const queue = new WatchQueue(queueMax);
  using _listening = listen(signal, queue);
  using _watching = hub.add(range, queue);
  while (!signal.aborted && !isClosed()) {
    if (queue.isBehind) {
      queue.catchUp();
      yield { kind: 'snapshot', revision: state.revision, entries: [...state.range(range)] };
      continue;
    }
    const change = queue.take();
    if (change === undefined) await queue.wait();
    else yield toEvent(change, false);
  }
}

export async function* watchHistory(
  source: WatchSource,
  range: KeyRange,
  { signal, fromRevision, previous = false, progress = false }: HistoryWatchOptions,
): AsyncGenerator<HistoryEvent, void, undefined> {
  const { state, history, hub, clock, queueMax, isClosed } = source;
  const queue = new WatchQueue(queueMax);
  /** All changes below it have been sent, or are not in the range. */
  let position = fromRevision;
  /** A mark is to be sent, if the last event is older than the store. */
  let isMarkDue = progress;
  let said = -1;
  const tick = (): void => {
    isMarkDue = true;
    queue.wake();
  };
  using _listening = listen(signal, queue);
  using _watching = hub.add(range, queue);
  using _ticking = progress ? clock.every(WATCH_PROGRESS_PERIOD_MS, tick) : undefined;
  while (!signal.aborted && !isClosed()) {
    if (queue.isBehind) {
      position = Math.max(position, queue.missedFrom);
      if (position < history.oldestRevision) {
        yield { kind: 'compacted', oldestRevision: history.oldestRevision };
        return;
      }
    }
    const change = queue.isBehind ? nextChange(source, range, position) : queue.take();
    if (change !== undefined) {
      // A watch from a later revision than that of the store waits for it.
      if (change.revision < position) continue;
      position = change.revision + 1;
      said = change.revision;
      // At once: what comes while the reader has this event then waits for it, however long the history is.
      if (queue.isBehind && position > state.revision) queue.catchUp();
      yield toEvent(change, previous);
    } else if (queue.isBehind) {
      queue.catchUp();
      isMarkDue = progress;
    } else if (isMarkDue && said < state.revision) {
      isMarkDue = false;
      said = state.revision;
      yield { kind: 'progress', revision: said };
    } else {
      await queue.wait();
    }
  }
}

/** The first change in `range` from `position` on, of those that are committed. */
function nextChange({ state, history }: WatchSource, range: KeyRange, position: number): KvChange | undefined {
  for (let revision = Math.max(position, 1); revision <= state.revision; revision += 1) {
    const change = history.at(revision);
    const part = change === undefined ? undefined : changeWithin(change, range);
    if (part !== undefined) return part;
  }
  return undefined;
}

function toEvent({ revision, puts, deletes, previous }: KvChange, hasPrevious: boolean): ChangeEvent {
  return { kind: 'change', revision, puts, deletes, ...(hasPrevious ? { previous } : {}) };
}

function listen(signal: AbortSignal, queue: WatchQueue): Disposable {
  const stop = (): void => queue.wake();
  signal.addEventListener('abort', stop);
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', stop) };
}
