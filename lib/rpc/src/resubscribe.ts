import { type Clock, describeError, holdProcess, type Log, type Random, silentLog, sleep } from '@plumb/base';
import { ReopenPace } from './reopen-pace.ts';
import { isRetryable } from './retryable.ts';

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
  const pace = new ReopenPace({ clock, random });
  while (!signal.aborted) {
    let failure: { readonly error: unknown } | undefined;
    try {
      for await (const item of open(signal)) {
        pace.opened();
        yield item;
      }
      if (!isEndless) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isEndless && !isRetryable(error)) throw error;
      failure = { error };
    }
    pace.failed();
    if (failure !== undefined) warnOnce(log, pace, failure.error);
    using _hold = holdProcess();
    await sleep(clock, pace.delayMs, signal);
  }
}

/** A warning at the first failure of a row: a service that stays away does not fill the log. */
function warnOnce(log: Log, { failureCount }: ReopenPace, error: unknown): void {
  const write = failureCount === 1 ? log.warn : log.debug;
  write('rpc.resubscribe', { failureCount, error: describeError(error) });
}
