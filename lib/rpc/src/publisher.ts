/**
 * Publish and subscribe: named values that many read. A publisher keeps the last value of each topic and a log of the
 * latest changes, and nothing for any reader but its place in that log. Invariant: a reader that applies every item of
 * a feed in order holds the publisher's state under its prefixes, and was told of every change between, or knows that it
 * was not. No sockets: `feed` is a stream like any other, so every door carries it, with that door's identity,
 * limits and flow control.
 */
import { type Clock, OperatingError, randomText, systemClock } from '@plumb/base';
import { getDotPath, type GenericSchema, safeParse } from 'valibot';
import { copyPlain } from './copy-plain.ts';
import { Feeds } from './feeds.ts';
import type { Feed, FeedRequest } from './feed-item.ts';
import { HeldBytes } from './held-bytes.ts';
import { roughSizeBytes } from './item-cost.ts';
import {
  BATCH_BYTES_MAX,
  BATCH_ENTRIES_MAX,
  FEEDS_MAX,
  LOG_BYTES_MAX,
  LOG_ENTRIES_MAX,
  SHARED_BATCH_BYTES_MAX,
  SHARED_SNAPSHOTS_MAX,
  STATE_BYTES_MAX,
  TOPIC_LENGTH_MAX,
  TOPICS_MAX,
  VALUE_BYTES_MAX,
} from './publish-limits.ts';
import { type LogEntry, TopicLog } from './topic-log.ts';
import { TopicState } from './topic-state.ts';

export type PublisherLimits = {
  readonly topicsMax: number;
  readonly stateBytesMax: number;
  readonly logEntriesMax: number;
  readonly logBytesMax: number;
  /** Of one item of a feed. */
  readonly batchEntriesMax: number;
  readonly batchBytesMax: number;
  readonly feedsMax: number;
};

export const PUBLISHER_LIMITS: PublisherLimits = {
  topicsMax: TOPICS_MAX,
  stateBytesMax: STATE_BYTES_MAX,
  logEntriesMax: LOG_ENTRIES_MAX,
  logBytesMax: LOG_BYTES_MAX,
  batchEntriesMax: BATCH_ENTRIES_MAX,
  batchBytesMax: BATCH_BYTES_MAX,
  feedsMax: FEEDS_MAX,
};

export type PublisherOptions<T> = {
  readonly clock?: Clock;
  /** What every value must be; checked when it is published, once for all readers. */
  readonly value?: GenericSchema<T>;
  readonly limits?: Partial<PublisherLimits>;
  /** Names this run of the publisher. Another run must have another one. */
  readonly epoch?: string;
};

export type PublisherStats = {
  readonly epoch: string;
  readonly seq: number;
  readonly topicCount: number;
  /** These sizes are rough counts of what it would be encoded. */
  readonly stateBytes: number;
  readonly logEntries: number;
  readonly logBytes: number;
  /** Batches and snapshots that are kept to be shared. */
  readonly sharedBytes: number;
  readonly feedCount: number;
  /** Changes that the slowest reader was not told of yet. */
  readonly lagMax: number;
};

export type Publisher<T> = Disposable & {
  /**
   * Sets the value of a topic, tells everybody who reads it, and returns the number of the change. The value is copied.
   * Readers are told at the end of the turn. @throws OperatingError `exhausted` at a bound, `invalid` for what is not
   * plain data or a topic; nothing has changed then.
   */
  readonly publish: (topic: string, value: T) => number;
  /** As `publish`, but nothing is kept: who reads later, or falls behind the log, is not told. */
  readonly event: (topic: string, value: T) => number;
  /** Forgets the value of a topic, and returns the number of that change; undefined where it has none. */
  readonly remove: (topic: string) => number | undefined;
  /** The value of a topic, which must not be changed; undefined where it has none. */
  readonly get: (topic: string) => T | undefined;
  /**
   * What one reader is told: the handler of a `subscribeMethod`. Each iteration is a reader of its own. Ends when `signal` aborts or it is left.
   * @throws OperatingError `invalid` for bad prefixes; when it is iterated, `exhausted` beyond `feedsMax` readers.
   */
  readonly feed: (request: FeedRequest, options?: { readonly signal?: AbortSignal | undefined }) => Feed<T>;
  readonly stats: () => PublisherStats;
};

/**
 * @example
 * const publisher = createPublisher<number>();
 * dispatcher.add('prices', { watch: subscribeMethod<number>() }, { watch: publisher.feed });
 * publisher.publish('price/btc', 97_000);
 */
export function createPublisher<T = unknown>(options: PublisherOptions<T> = {}): Publisher<T> {
  const { clock = systemClock, value: schema, limits, epoch = randomText(12) } = options;
  const allLimits = { ...PUBLISHER_LIMITS, ...limits };
  const state = new TopicState<T>(allLimits);
  const log = new TopicLog<T>(allLimits);
  const feeds = new Feeds<T>(
    {
      epoch,
      log,
      state: state.entries,
      limits: allLimits,
      batches: new HeldBytes(SHARED_BATCH_BYTES_MAX),
      snapshots: new HeldBytes(SHARED_SNAPSHOTS_MAX * allLimits.stateBytesMax),
    },
    { clock, feedsMax: allLimits.feedsMax },
  );
  const entryOf = (kind: 'value' | 'event', topic: string, value: T): LogEntry<T> => {
    checkTopic(topic);
    if (schema !== undefined) checkValue(schema, topic, value);
    const sizeBytes = roughSizeBytes(value, VALUE_BYTES_MAX + 1);
    if (sizeBytes > VALUE_BYTES_MAX) throw tooLarge(topic);
    return { kind, topic, value: copyToSend(value), sizeBytes: topic.length + sizeBytes };
  };
  const append = (entry: LogEntry<T>): number => {
    const seq = log.append(entry);
    feeds.onChange();
    return seq;
  };
  return {
    publish(topic, value) {
      const entry = entryOf('value', topic, value);
      state.put(entry);
      return append(entry);
    },
    event: (topic, value) => append(entryOf('event', topic, value)),
    remove(topic) {
      if (!state.remove(topic)) return undefined;
      return append({ kind: 'removed', topic, value: undefined, sizeBytes: topic.length });
    },
    get: (topic) => state.entries.get(topic)?.value,
    feed: (request, { signal } = {}) => feeds.feed(request, signal),
    stats: () => ({
      epoch,
      seq: log.lastSeq,
      topicCount: state.entries.size,
      stateBytes: state.sizeBytes,
      logEntries: log.entryCount,
      logBytes: log.sizeBytes,
      ...feeds.stats(),
    }),
    [Symbol.dispose]: () => feeds.close(),
  };
}

function checkTopic(topic: string): void {
  if (topic.length > 0 && topic.length <= TOPIC_LENGTH_MAX && topic.isWellFormed()) return;
  const rule = `a topic is well-formed text of 1 to ${TOPIC_LENGTH_MAX} characters`;
  throw new OperatingError('invalid', `"${topic.slice(0, 40)}" (${topic.length}) cannot be a topic: ${rule}`);
}

function checkValue<T>(schema: GenericSchema<T>, topic: string, value: T): void {
  const { issues: [issue] = [] } = safeParse(schema, value);
  if (issue === undefined) return;
  const where = getDotPath(issue) ?? 'the value';
  throw new OperatingError('invalid', `"${topic}" was not published: ${where}: ${issue.message}`);
}

/** Copied as deep within other values as it lies in a message, so that whatever was published can be sent. */
function copyToSend<T>(value: T): T {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
  const { values } = copyPlain({ values: [[value]] as const });
  return values[0][0];
}

function tooLarge(topic: string): OperatingError {
  const advice = `at most ${VALUE_BYTES_MAX} can be published: publish where it is`;
  return new OperatingError('exhausted', `the value of "${topic}" has more than ${VALUE_BYTES_MAX} bytes, ${advice}`);
}
