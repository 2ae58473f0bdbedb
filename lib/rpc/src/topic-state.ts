import { OperatingError } from '@plumb/base';
import type { LogEntry } from './topic-log.ts';

export type TopicStateLimits = { readonly topicsMax: number; readonly stateBytesMax: number };

/** The last value of each topic, bounded in number and bytes. */
export class TopicState<T> {
  readonly #limits: TopicStateLimits;
  readonly #entries = new Map<string, LogEntry<T>>();
  #sizeBytes = 0;

  constructor(limits: TopicStateLimits) {
    this.#limits = limits;
  }

  get entries(): ReadonlyMap<string, LogEntry<T>> {
    return this.#entries;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** @throws OperatingError `exhausted` at a bound; the topic keeps the value that it had. */
  put(entry: LogEntry<T>): void {
    const { topicsMax, stateBytesMax } = this.#limits;
    const { topic } = entry;
    const former = this.#entries.get(topic);
    if (former === undefined && this.#entries.size >= topicsMax) {
      throw exhausted(topic, `at most ${topicsMax} topics keep a value`);
    }
    const sizeBytes = this.#sizeBytes + entry.sizeBytes - (former?.sizeBytes ?? 0);
    if (sizeBytes > stateBytesMax) throw exhausted(topic, `all values together take at most ${stateBytesMax} bytes`);
    this.#entries.set(topic, entry);
    this.#sizeBytes = sizeBytes;
  }

  /** Whether it had a value. */
  remove(topic: string): boolean {
    this.#sizeBytes -= this.#entries.get(topic)?.sizeBytes ?? 0;
    return this.#entries.delete(topic);
  }
}

function exhausted(topic: string, why: string): OperatingError {
  return new OperatingError('exhausted', `"${topic}" was not published: ${why}: remove topics first, or send events`);
}
