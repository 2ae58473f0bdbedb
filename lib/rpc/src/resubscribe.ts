import {
  type Backoff,
  backoffDelayMs,
  type Clock,
  describeError,
  type Log,
  type Random,
  silentLog,
  sleep,
} from '@plumb/base';
import { isRetryable } from './retryable.ts';

/** A stream that was just lost is asked for again within a tenth of a second; a service that stays away, each 5 s. */
const RESUBSCRIBE_BACKOFF: Backoff = { delayMsMin: 100, delayMsMax: 5_000 };

export type ResubscribeOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly log?: Log;
};

/**
 * The items of a stream that is opened again, with backoff, whenever it ends with an error that a retry can cure. It
 * ends when the stream ends in good order or `signal` aborts, and throws any other error. `open` must pass the signal
 * on: `(signal) => client.watch(input, { signal })`. Items may repeat after a break, so the first should be a snapshot.
 */
export async function* resubscribe<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  options: ResubscribeOptions,
): AsyncGenerator<T, void> {
  yield* reopen(open, options, { isEndless: false });
}

/**
 * Hands every item of a stream to `apply` until `signal` aborts, for a reconciler, which has nobody to tell and must not
 * stop: whatever ends the stream, a good end, a refusal and an error of `apply` included, it is opened again. Never rejects.
 */
export async function follow<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  apply: (item: T) => void,
  options: ResubscribeOptions,
): Promise<void> {
  const applied = async function* (signal: AbortSignal): AsyncGenerator<undefined> {
    for await (const item of open(signal)) {
      apply(item);
      yield;
    }
  };
  for await (const _ of reopen(applied, options, { isEndless: true })) continue;
}

async function* reopen<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  { clock, random, signal, log = silentLog }: ResubscribeOptions,
  { isEndless }: { readonly isEndless: boolean },
): AsyncGenerator<T, void> {
  let failureCount = 0;
  while (!signal.aborted) {
    try {
      for await (const item of open(signal)) {
        failureCount = 0;
        yield item;
      }
      if (!isEndless) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isEndless && !isRetryable(error)) throw error;
      log.warn('rpc.resubscribe', { failureCount, error: describeError(error) });
    }
    await sleep(clock, backoffDelayMs(RESUBSCRIBE_BACKOFF, failureCount, random), signal);
    failureCount += 1;
  }
}
