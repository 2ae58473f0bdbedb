/** The most recent changes of a publisher, in order, bounded in number and bytes: the oldest make room for each new one. */
import { assert } from '@plumb/base';

export type LogEntry<T> = {
  readonly kind: 'value' | 'event' | 'removed';
  readonly topic: string;
  /** Undefined where the topic was removed. */
  readonly value: T | undefined;
  /** Topic and value, by a rough count. */
  readonly sizeBytes: number;
};

export type TopicLogLimits = { readonly logEntriesMax: number; readonly logBytesMax: number };

/** Places of dropped entries that may stay empty at the front before the rest moves up. */
const EMPTY_PLACES_MAX = 1_024;

export class TopicLog<T> {
  readonly #limits: TopicLogLimits;
  /** Entries begin at `#start`; what is before it was dropped. */
  readonly #entries: (LogEntry<T> | undefined)[] = [];
  #start = 0;
  #firstSeq = 1;
  #sizeBytes = 0;

  constructor(limits: TopicLogLimits) {
    this.#limits = limits;
  }

  /** The number of the oldest change that is still here, or of the next one where there is none. */
  get firstSeq(): number {
    return this.#firstSeq;
  }

  /** The number of the latest change, 0 before the first. */
  get lastSeq(): number {
    return this.#firstSeq + this.entryCount - 1;
  }

  get entryCount(): number {
    return this.#entries.length - this.#start;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Returns the number of the change. The latest one is always kept. */
  append(entry: LogEntry<T>): number {
    this.#entries.push(entry);
    this.#sizeBytes += entry.sizeBytes;
    const { logEntriesMax, logBytesMax } = this.#limits;
    while (this.entryCount > 1 && (this.entryCount > logEntriesMax || this.#sizeBytes > logBytesMax))
      this.#dropOldest();
    return this.lastSeq;
  }

  /** Whether every change after `seq` is still here. */
  reaches(seq: number): boolean {
    return seq >= this.#firstSeq - 1 && seq <= this.lastSeq;
  }

  /** `seq` is from `firstSeq` to `lastSeq`. */
  at(seq: number): LogEntry<T> {
    const entry = this.#entries[this.#start + seq - this.#firstSeq];
    assert(entry !== undefined, 'a change is read while the log has it');
    return entry;
  }

  #dropOldest(): void {
    this.#sizeBytes -= this.#entries[this.#start]?.sizeBytes ?? 0;
    this.#entries[this.#start] = undefined;
    this.#start += 1;
    this.#firstSeq += 1;
    if (this.#start > EMPTY_PLACES_MAX && this.#start * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#start);
      this.#start = 0;
    }
  }
}
