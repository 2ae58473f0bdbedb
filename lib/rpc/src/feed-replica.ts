/**
 * The reader's copy of what a publisher has under its prefixes. Takes the items of feeds, one feed after another, and
 * says what each means. Invariant: after any item it holds the publisher's state as it was at `position.seq`, whole; an
 * item that does not follow on what it holds is refused, and the same item twice counts once.
 */
import { OperatingError } from '@plumb/base';
import type { FeedItem, FeedPosition } from './feed-item.ts';

/** What happened to a topic. */
export type Change<T> =
  | { readonly kind: 'value' | 'event'; readonly topic: string; readonly value: T }
  | { readonly kind: 'removed'; readonly topic: string; readonly value: undefined };

/** Changes that a reader was not told of, since it or the publisher was away: what remains of them is in the state. */
export type Missed = {
  readonly epoch: string;
  readonly after: number;
  /** The number of the last one; undefined where the publisher began anew since. */
  readonly upTo: number | undefined;
};

export type Applied<T> =
  | { readonly kind: 'nothing' }
  /** The state was replaced. `removed` are the topics that it had before and has no more. */
  | { readonly kind: 'snapshot'; readonly removed: readonly string[]; readonly missed: Missed | undefined }
  | { readonly kind: 'changes'; readonly changes: readonly Change<T>[] }
  /** The reader has everything that there was. */
  | { readonly kind: 'mark' };

type SnapshotPart<T> = Extract<FeedItem<T>, { kind: 'snapshot' }>;
type Updates<T> = Extract<FeedItem<T>, { kind: 'updates' }>;

const NOTHING = { kind: 'nothing' } as const;
const MARK = { kind: 'mark' } as const;

export class FeedReplica<T> {
  readonly #state = new Map<string, T>();
  #position: FeedPosition | undefined;
  /** The present feed has said that it goes on from `#position`. */
  #isPlaced = false;
  /** Parts of a snapshot whose last part has not come. */
  #parts: SnapshotPart<T>[] = [];

  get state(): ReadonlyMap<string, T> {
    return this.#state;
  }

  /** Undefined before the first snapshot is whole. */
  get position(): FeedPosition | undefined {
    return this.#position;
  }

  /** Another feed begins, perhaps of another epoch: first it must say where. What had come of a snapshot does not count. */
  restart(): void {
    this.#parts = [];
    this.#isPlaced = false;
  }

  /** @throws OperatingError `unavailable` where something is missing before the item, which a feed from `position` cures. */
  apply(item: FeedItem<T>): Applied<T> {
    switch (item.kind) {
      case 'snapshot':
        return this.#addPart(item);
      case 'resume':
        return this.#resume(item);
      case 'updates':
        return this.#follows(item) ? { kind: 'changes', changes: this.#change(item) } : NOTHING;
      case 'mark':
        return this.#follows(item) ? MARK : NOTHING;
      default:
        throw new OperatingError('invalid', 'the kind of a feed item is not known');
    }
  }

  #resume({ epoch, seq }: FeedPosition): Applied<T> {
    if (this.#position?.epoch !== epoch || this.#position.seq !== seq) {
      throw missing('the feed goes on where this reader is not');
    }
    this.#isPlaced = true;
    return NOTHING;
  }

  /** Moves on to the item's end, or tells that the item has been here before. */
  #follows({ after, seq }: { readonly after: number; readonly seq: number }): boolean {
    const position = this.#position;
    if (position === undefined || !this.#isPlaced || this.#parts.length > 0) {
      throw missing('an update came before the state was whole');
    }
    if (after === position.seq) {
      this.#position = { epoch: position.epoch, seq };
      return true;
    }
    if (seq <= position.seq) return false;
    throw missing(`what came after change ${position.seq} and up to ${after}`);
  }

  #change({ topics, values, removed = [], events = [] }: Updates<T>): Change<T>[] {
    const changes: Change<T>[] = [];
    let [nextRemoved, nextEvent] = [0, 0];
    for (let i = 0; i < topics.length; i += 1) {
      const topic = topics[i] as string;
      const value = values[i] as T;
      if (i === removed[nextRemoved]) {
        nextRemoved += 1;
        this.#state.delete(topic);
        changes.push({ kind: 'removed', topic, value: undefined });
      } else if (i === events[nextEvent]) {
        nextEvent += 1;
        changes.push({ kind: 'event', topic, value });
      } else {
        this.#state.set(topic, value);
        changes.push({ kind: 'value', topic, value });
      }
    }
    return changes;
  }

  #addPart(part: SnapshotPart<T>): Applied<T> {
    // A publisher that drops what a slow reader reads begins another.
    if (part.part === 0) this.#parts = [];
    const [first = part] = this.#parts;
    if (part.part !== this.#parts.length || part.seq !== first.seq || part.epoch !== first.epoch) {
      throw missing('a part of the state');
    }
    this.#parts.push(part);
    return part.isLast ? this.#replace(part) : NOTHING;
  }

  #replace({ epoch, seq }: FeedPosition): Applied<T> {
    const former = new Set(this.#state.keys());
    this.#state.clear();
    for (const { topics, values } of this.#parts) {
      for (const [i, topic] of topics.entries()) this.#state.set(topic, values[i] as T);
    }
    this.#parts = [];
    const missed = missedBetween(this.#position, { epoch, seq });
    this.#position = { epoch, seq };
    this.#isPlaced = true;
    return { kind: 'snapshot', removed: [...former].filter((topic) => !this.#state.has(topic)), missed };
  }
}

function missedBetween(before: FeedPosition | undefined, { epoch, seq }: FeedPosition): Missed | undefined {
  if (before === undefined || (before.epoch === epoch && before.seq === seq)) return undefined;
  return { epoch: before.epoch, after: before.seq, upTo: before.epoch === epoch ? seq : undefined };
}

function missing(what: string): OperatingError {
  return new OperatingError('unavailable', `this reader of a feed has lost something: ${what}`);
}
