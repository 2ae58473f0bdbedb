/**
 * What a publisher tells a reader, as the items of a stream: first where the reader begins, then what happened since.
 *
 *   snapshot…   the state at `seq` in parts, which count together or not at all; also later, for who fell behind
 *   resume      the reader goes on after `seq`, where it was when an earlier feed was lost
 *   updates     every change under the reader's prefixes after `after` and up to `seq`, in order
 *   mark        there was none after `after` and up to `seq`; the first says that the reader has everything
 *
 * `seq` numbers the changes of one publisher from 1; its `epoch` is another after each restart. `after` is what this
 * reader was told last, so a reader that holds another number knows that it lost something. Topics and values are lists
 * side by side, which take less room and time than an object for each.
 */
import * as v from 'valibot';
import { PREFIXES_MAX, TOPIC_LENGTH_MAX } from './publish-limits.ts';
import { SharedValue } from './shared-value.ts';

export type FeedItem<T = unknown> =
  | {
      readonly kind: 'snapshot';
      readonly epoch: string;
      readonly seq: number;
      /** Counts from 0. */
      readonly part: number;
      readonly isLast: boolean;
      readonly topics: readonly string[];
      readonly values: readonly T[];
    }
  | { readonly kind: 'resume'; readonly epoch: string; readonly seq: number }
  | {
      readonly kind: 'updates';
      readonly after: number;
      readonly seq: number;
      readonly topics: readonly string[];
      /** Null where the topic was removed. */
      readonly values: readonly (T | null)[];
      /** Indexes of the topics that were removed, ascending. Absent for none. */
      readonly removed?: readonly number[] | undefined;
      /** Indexes of what happened but is not kept as the state of its topic, ascending. Absent for none. */
      readonly events?: readonly number[] | undefined;
    }
  | { readonly kind: 'mark'; readonly after: number; readonly seq: number };

/** How far a reader is. */
export type FeedPosition = { readonly epoch: string; readonly seq: number };

export type FeedRequest = {
  /** Topics that begin with any of them; an empty one is all. */
  readonly prefixes: readonly string[];
  /** Where the reader is: it gets what came after, as far as the publisher still has it, and a snapshot otherwise. */
  readonly from?: FeedPosition | undefined;
};

export type Feed<T = unknown> = AsyncIterable<SharedValue<FeedItem<T>>>;

const seq = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const position = v.object({ epoch: v.pipe(v.string(), v.maxLength(TOPIC_LENGTH_MAX)), seq });
const topics = v.array(v.string());
const values = v.array(v.any());
const indexes = v.optional(v.array(v.number()));

const feedRequestSchema = v.object({
  prefixes: v.pipe(
    v.array(v.pipe(v.string(), v.maxLength(TOPIC_LENGTH_MAX))),
    v.minLength(1, 'give at least one prefix; an empty one is all topics'),
    v.maxLength(PREFIXES_MAX),
  ),
  from: v.optional(position),
});

const feedItemSchema = v.variant('kind', [
  v.object({
    kind: v.literal('snapshot'),
    ...position.entries,
    part: v.number(),
    isLast: v.boolean(),
    topics,
    values,
  }),
  v.object({ kind: v.literal('resume'), ...position.entries }),
  v.object({
    kind: v.literal('updates'),
    after: seq,
    seq,
    topics,
    values,
    removed: indexes,
    events: indexes,
  }),
  v.object({ kind: v.literal('mark'), after: seq, seq }),
]);

/** Described as what the reader gets. What a publisher of this process shares is let through as it made it, unread. */
const sentItemSchema: typeof feedItemSchema = {
  ...feedItemSchema,
  '~run': (dataset, config) => {
    if (!(dataset.value instanceof SharedValue)) return feedItemSchema['~run'](dataset, config);
    return { ...dataset, typed: true, issues: undefined } as unknown as ReturnType<(typeof feedItemSchema)['~run']>;
  },
};

export type SubscribeMethod<T> = {
  readonly input: v.GenericSchema<FeedRequest>;
  readonly output: v.GenericSchema<FeedItem<T> | SharedValue<FeedItem<T>>, FeedItem<T>>;
  readonly stream: true;
  readonly scope?: string;
  readonly summary: string;
};

/**
 * The method of a contract that offers a publisher's feed. Its handler is `publisher.feed`, its caller `subscribe`. Values were checked when they were
 * published, not once for each reader.
 */
export function subscribeMethod<T = unknown>({
  scope,
  summary = 'the state of topics, then their changes',
}: { readonly scope?: string; readonly summary?: string } = {}): SubscribeMethod<T> {
  const output = sentItemSchema as unknown as SubscribeMethod<T>['output'];
  const method = { input: feedRequestSchema, output, stream: true, summary } as const;
  return scope === undefined ? method : { ...method, scope };
}
