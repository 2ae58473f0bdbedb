import type { FeedItem } from './feed-item.ts';
import type { HeldBytes } from './held-bytes.ts';
import { SharedValue } from './shared-value.ts';
import type { TopicFilter } from './topic-filter.ts';
import type { LogEntry } from './topic-log.ts';

/** What one item of a feed may hold; the last entry may exceed the bytes. */
export type BatchLimits = { readonly batchEntriesMax: number; readonly batchBytesMax: number };

/** What was published and by whom, as a snapshot needs it. */
export type FeedState<T> = {
  readonly epoch: string;
  readonly seq: number;
  readonly entries: Iterable<LogEntry<T>>;
};

/**
 * The state under one filter at one moment, in parts that all its readers share. It is kept while it is current or
 * somebody reads it, unless its bound needs the room: then it has no parts any more, and its readers begin another.
 */
export class FeedSnapshot<T> {
  readonly seq: number;
  readonly entryCount: number;
  #parts: readonly SharedValue<FeedItem<T>>[] | undefined;
  #isCurrent = true;
  #readerCount = 0;
  readonly #hold: { readonly release: () => void };

  constructor(
    state: FeedState<T>,
    filter: TopicFilter,
    { limits, held }: { readonly limits: BatchLimits; readonly held: HeldBytes },
  ) {
    const { parts, entryCount } = partsOf(state, filter, limits);
    this.seq = state.seq;
    this.entryCount = entryCount;
    this.#parts = parts;
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    this.#hold = held.hold(sizeBytes, () => (this.#parts = undefined));
  }

  get isKept(): boolean {
    return this.#parts !== undefined;
  }

  /** Undefined after the last one, and at once where it is not kept any more. */
  part(index: number): SharedValue<FeedItem<T>> | undefined {
    return this.#parts?.[index];
  }

  /** Each reader says when it begins and when it ends, once. */
  begin(): void {
    this.#readerCount += 1;
  }

  end(): void {
    this.#readerCount -= 1;
    this.#releaseUnused();
  }

  /** No other reader will begin. */
  retire(): void {
    this.#isCurrent = false;
    this.#releaseUnused();
  }

  #releaseUnused(): void {
    if (!this.#isCurrent && this.#readerCount === 0) this.#hold.release();
  }
}

function partsOf<T>(
  { epoch, seq, entries }: FeedState<T>,
  filter: TopicFilter,
  { batchEntriesMax, batchBytesMax }: BatchLimits,
): { parts: SharedValue<FeedItem<T>>[]; entryCount: number } {
  const parts: SharedValue<FeedItem<T>>[] = [];
  let [topics, values, sizeBytes, entryCount]: [string[], T[], number, number] = [[], [], 0, 0];
  const end = (isLast: boolean): void => {
    const item = { kind: 'snapshot', epoch, seq, part: parts.length, isLast, topics, values } as const;
    parts.push(new SharedValue<FeedItem<T>>(item, sizeBytes));
    [topics, values, sizeBytes] = [[], [], 0];
  };
  for (const { topic, value, sizeBytes: entryBytes } of entries) {
    if (!filter.matches(topic)) continue;
    if (topics.length >= batchEntriesMax || sizeBytes >= batchBytesMax) end(false);
    topics.push(topic);
    values.push(value as T);
    sizeBytes += entryBytes;
    entryCount += 1;
  }
  end(true);
  return { parts, entryCount };
}
