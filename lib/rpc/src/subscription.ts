import { type Clock, type Log, OperatingError, type Random, systemClock, systemRandom } from '@plumb/base';
import type { Feed, FeedItem, FeedPosition, FeedRequest } from './feed-item.ts';
import { type Applied, type Change, FeedReplica, type Missed } from './feed-replica.ts';
import { MARK_EVERY_MS, MARKS_MISSED_MAX } from './publish-limits.ts';
import { resubscribe } from './resubscribe.ts';
import { plainValue } from './shared-value.ts';

export type SubscribeOptions<T> = {
  /** The method of a client that a publisher's feed answers, or within the process `publisher.feed` itself. */
  readonly open: (
    request: FeedRequest,
    options: { readonly signal: AbortSignal },
  ) => AsyncIterable<FeedItem<T>> | Feed<T>;
  /** Topics that begin with any of them; all where it is left out. */
  readonly prefixes?: readonly string[];
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  /** Ends the subscription, as disposing of it does. */
  readonly signal?: AbortSignal;
};

export type SubscriptionSnapshot<T> = {
  readonly state: ReadonlyMap<string, T>;
  /** Topics that were there before and are gone. */
  readonly removed: readonly string[];
  /** What the reader was not told of, for who cares for events or each step; undefined at first. */
  readonly missed: Missed | undefined;
};

/** Where a handler returns a promise, nothing more is read before it resolves, and the publisher sends no more. */
export type SubscriptionHandlers<T> = {
  /** The state was read as a whole: at first, and again when the reader could not be told of each change. */
  readonly onSnapshot?: (snapshot: SubscriptionSnapshot<T>) => void | Promise<void>;
  /** What changed since, in order, each change once. `state` has it already. */
  readonly onChange?: (changes: readonly Change<T>[]) => void | Promise<void>;
};

export type Subscription<T> = Disposable & {
  /** Always the same map: what the publisher had at one moment, and never a part of that. */
  readonly state: ReadonlyMap<string, T>;
  readonly position: () => FeedPosition | undefined;
  /** Resolves when the reader has everything that there was for the first time. Rejects as `ended` does. */
  readonly caughtUp: Promise<void>;
  /** Resolves after `signal` or disposal; rejects with an error that no retry cures, or that a handler threw. */
  readonly ended: Promise<void>;
};

/**
 * Keeps a copy of what a publisher has, and tells of each change. Opens the feed again when it is lost, is silent for
 * `MARKS_MISSED_MAX` periods, or lacks something, and goes on from where it was, so that nothing is missing and nothing
 * comes twice.
 *
 * @example
 * using prices = subscribe(
 *   { open: client.watch, prefixes: ['price/'] },
 *   { onChange: (changes) => changes.forEach(({ topic, value }) => show(topic, value)) },
 * );
 * await prices.caughtUp;
 */
export function subscribe<T>(options: SubscribeOptions<T>, handlers: SubscriptionHandlers<T> = {}): Subscription<T> {
  const { clock = systemClock, random = systemRandom, log, signal } = options;
  const replica = new FeedReplica<T>();
  const stop = new AbortController();
  const end = (): void => stop.abort(new OperatingError('unavailable', 'the subscription was ended'));
  const first = Promise.withResolvers<void>();
  const pace = { clock, random, signal: stop.signal, ...(log === undefined ? {} : { log }) };

  const run = async (): Promise<void> => {
    signal?.addEventListener('abort', end);
    try {
      if (signal?.aborted === true) end();
      for await (const applied of resubscribe((own) => readFeed(replica, options, own), pace)) {
        if (applied.kind === 'mark') first.resolve();
        const wait = notify(applied, replica, handlers);
        if (wait !== undefined) await wait;
      }
    } finally {
      signal?.removeEventListener('abort', end);
    }
  };
  const ended = run();
  ended.then(
    () => first.reject(stop.signal.reason),
    (error: unknown) => first.reject(error),
  );
  // Whoever wants to know awaits them.
  for (const promise of [ended, first.promise]) promise.catch(() => undefined);
  return {
    state: replica.state,
    position: () => replica.position,
    caughtUp: first.promise,
    ended,
    [Symbol.dispose]: end,
  };
}

function notify<T>(
  applied: Applied<T>,
  { state }: FeedReplica<T>,
  { onSnapshot, onChange }: SubscriptionHandlers<T>,
): void | Promise<void> {
  if (applied.kind === 'changes') return onChange?.(applied.changes);
  if (applied.kind === 'snapshot') return onSnapshot?.({ state, removed: applied.removed, missed: applied.missed });
}

/** One feed from where the replica is. Always ends with an error: a feed has no end of its own. */
async function* readFeed<T>(
  replica: FeedReplica<T>,
  { open, prefixes = [''], clock = systemClock }: SubscribeOptions<T>,
  signal: AbortSignal,
): AsyncGenerator<Applied<T>> {
  const silence = new AbortController();
  let quietTicks = 0;
  let isReading = true;
  const timer = clock.every(MARK_EVERY_MS, () => {
    quietTicks = isReading ? quietTicks + 1 : 0;
    if (quietTicks <= MARKS_MISSED_MAX) return;
    silence.abort(new OperatingError('unavailable', `the feed was silent for ${MARKS_MISSED_MAX * MARK_EVERY_MS} ms`));
  });
  replica.restart();
  try {
    const items = open(
      { prefixes, from: replica.position },
      {
        signal: AbortSignal.any([signal, silence.signal]),
      },
    );
    for await (const item of items) {
      quietTicks = 0;
      // The time that a handler takes is not the publisher's silence.
      isReading = false;
      yield replica.apply(plainValue(item as FeedItem<T>));
      isReading = true;
    }
    silence.signal.throwIfAborted();
  } finally {
    timer.cancel();
  }
  throw new OperatingError('unavailable', 'the feed ended');
}
