/**
 * The last changes by revision, each with what it replaced: the past is the present with them taken back, and a watch
 * from a revision is a walk along them. Bounded in number and in bytes; the oldest go first.
 *
 * Invariant: it holds every change from `oldestRevision` to the last one, so a change is found by its revision without a
 * search. What it keeps alive beyond the state itself is what changes replaced, and that is what it counts.
 */
import { OperatingError } from '@plumb/base';
import { isInRange, type KeyRange } from './key-range.ts';
import type { KvChange, KvView } from './kv-state.ts';
import type { Entry } from './kv.ts';
import { Overlay } from './overlay.ts';

export type HistoryBounds = { readonly revisionsMax: number; readonly sizeBytesMax: number };

/** About what the objects of a change, of a key in it, and of an entry that it replaced take beside keys and values. */
const CHANGE_SIZE_BYTES = 200;
const KEY_SIZE_BYTES = 50;
const ENTRY_SIZE_BYTES = 150;

/** Forgotten changes at the start of the list before it is copied: then a copy costs less than it frees. */
const FORGOTTEN_MAX = 1_024;

export class History {
  readonly #bounds: HistoryBounds;
  /** Those that are forgotten are undefined, until the list is copied. */
  #changes: (KvChange | undefined)[] = [];
  /** Index of the oldest that is kept: moving the rest for each that goes would cost their number. */
  #start = 0;
  #sizeBytes = 0;
  #oldestRevision = 0;

  constructor(bounds: HistoryBounds) {
    this.#bounds = bounds;
  }

  /** The first revision that can be watched from, and the first but the current one that can be read; 0 when all can. */
  get oldestRevision(): number {
    return this.#oldestRevision;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The change of a revision that is kept. */
  at(revision: number): KvChange | undefined {
    const first = this.#changes[this.#start];
    return first === undefined ? undefined : this.#changes[this.#start + revision - first.revision];
  }

  /** All that are kept, oldest first. */
  list(): KvChange[] {
    return this.#changes.slice(this.#start) as KvChange[];
  }

  /** The oldest revision when `changes` are added: it can be above some of them, or all, when they are large. */
  oldestWith(changes: readonly KvChange[]): number {
    let count = this.#changes.length - this.#start + changes.length;
    let sizeBytes = this.#sizeBytes;
    for (const change of changes) sizeBytes += changeSize(change);
    let oldest = this.#oldestRevision;
    const isOver = (): boolean => count > this.#bounds.revisionsMax || sizeBytes > this.#bounds.sizeBytesMax;
    const forget = (change: KvChange): void => {
      count -= 1;
      sizeBytes -= changeSize(change);
      oldest = change.revision + 1;
    };
    for (let index = this.#start; index < this.#changes.length && isOver(); index += 1) {
      forget(this.#changes[index] as KvChange);
    }
    for (let index = 0; index < changes.length && isOver(); index += 1) forget(changes[index] as KvChange);
    return oldest;
  }

  /** Keeps `change`, the next after the last, unless it is compacted already. Bounds are the caller's, see `oldestWith`. */
  append(change: KvChange): void {
    if (change.revision < this.#oldestRevision) return;
    this.#changes.push(change);
    this.#sizeBytes += changeSize(change);
  }

  /** Forgets all changes below `revision`. */
  compact(revision: number): void {
    this.#oldestRevision = Math.max(this.#oldestRevision, revision);
    for (; this.#start < this.#changes.length; this.#start += 1) {
      const change = this.#changes[this.#start] as KvChange;
      if (change.revision >= this.#oldestRevision) break;
      this.#sizeBytes -= changeSize(change);
      this.#changes[this.#start] = undefined;
    }
    if (this.#start < Math.min(FORGOTTEN_MAX, this.#changes.length)) return;
    this.#changes = this.#changes.slice(this.#start);
    this.#start = 0;
  }

  /**
   * `state` as it was after `revision`, within `range`. Costs the changes since.
   * @throws OperatingError `not-found` when that is compacted, `invalid` when it is not reached.
   */
  viewAt(state: KvView, revision: number, range: KeyRange): KvView {
    if (revision === state.revision) return state;
    checkRevision(revision, this.#oldestRevision, state.revision);
    const before = new Map<string, Entry | undefined>();
    for (let later = state.revision; later > revision; later -= 1) {
      const change = this.at(later) as KvChange;
      for (const { key } of change.puts) before.set(key, undefined);
      for (const entry of change.previous) before.set(entry.key, entry);
    }
    const view = new Overlay(state);
    view.revision = revision;
    for (const [key, entry] of before) if (isInRange(key, range)) view.set(key, entry);
    return view;
  }
}

/** @throws OperatingError as `Kv.range`. */
function checkRevision(revision: number, oldestRevision: number, currentRevision: number): void {
  if (revision > currentRevision) {
    throw new OperatingError('invalid', `revision ${revision} is not reached: the store is at ${currentRevision}`);
  }
  if (revision >= oldestRevision) return;
  throw compactedError(revision, oldestRevision);
}

/** `oldestRevision` is the first that can still be read. */
export function compactedError(revision: number, oldestRevision: number | undefined): OperatingError {
  const kept = oldestRevision === undefined ? '' : `: the oldest that is kept is ${oldestRevision}`;
  return new OperatingError('not-found', `revision ${revision} is compacted${kept}; read the current one`, {
    details: { oldestRevision },
  });
}

function changeSize({ puts, deletes, previous }: KvChange): number {
  let size = CHANGE_SIZE_BYTES + (puts.length + deletes.length) * KEY_SIZE_BYTES;
  for (const { key, value } of previous) size += ENTRY_SIZE_BYTES + key.length + value.byteLength;
  return size;
}
