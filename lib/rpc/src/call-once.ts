import { type Clock, OperatingError } from '@plumb/base';
import type { ClientSession } from './client-session.ts';
import type { CallOptions } from './contract.ts';
import { CALL_TIMEOUT_MS } from './limits.ts';
import { deadlineError, type SessionSource } from './session-source.ts';

export type CallDependencies = { readonly source: SessionSource; readonly clock: Clock };

/** One call and its one answer, within `timeoutMs` from now, the wait for a connection included. */
export async function callOnce(
  { source, clock }: CallDependencies,
  { method, input }: { readonly method: string; readonly input: unknown },
  { signal, timeoutMs = CALL_TIMEOUT_MS }: CallOptions,
): Promise<unknown> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  promise.catch(() => undefined); // It may be rejected while nobody awaits it yet.
  const startedAt = clock.monotonicMs();
  const gaveUp = new AbortController();
  const giveUp = (reason: unknown): void => {
    gaveUp.abort(reason);
    reject(reason);
  };
  using _timer = clock.after(timeoutMs, () => giveUp(deadlineError(method, timeoutMs, source)));
  const stop = (): void => giveUp(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });

  let session: ClientSession | undefined;
  let id: number | undefined;
  try {
    session = source.current() ?? (await source.wait(gaveUp.signal));
    const deadlineMs = timeoutMs - (clock.monotonicMs() - startedAt);
    id = session.start(
      { method, input, deadlineMs },
      {
        onResult: resolve,
        onError: reject,
        onItem: () => reject(answeredWithStream(method)),
        onEnd: () => reject(answeredWithStream(method)),
      },
    );
    return await promise;
  } finally {
    signal?.removeEventListener('abort', stop);
    // Without effect where the call has ended.
    if (id !== undefined) session?.cancel(id);
  }
}

function answeredWithStream(method: string): OperatingError {
  return new OperatingError('internal', `${method} was answered with a stream: the contracts of both sides differ`);
}
