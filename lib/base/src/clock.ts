/** Time as an argument, so that a test can hold it in its hand. */

export type Timer = Disposable & { readonly cancel: () => void };

export type Clock = {
  /** Epoch milliseconds. May jump when the machine's clock is set. */
  readonly now: () => number;
  /** Milliseconds from an arbitrary start; never goes back. For lengths of time. */
  readonly monotonicMs: () => number;
  /** Calls `run` once after `delayMs`. The timer keeps no process alive. */
  readonly after: (delayMs: number, run: () => void) => Timer;
  /** Calls `run` every `periodMs`. A slow `run` does not overlap itself only if it is synchronous. */
  readonly every: (periodMs: number, run: () => void) => Timer;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const handle = setTimeout(run, delayMs) as unknown as { unref?: () => void };
    handle.unref?.();
    return timer(() => clearTimeout(handle as unknown as number));
  },
  every: (periodMs, run) => {
    const handle = setInterval(run, periodMs) as unknown as { unref?: () => void };
    handle.unref?.();
    return timer(() => clearInterval(handle as unknown as number));
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts: it never rejects, so check `signal.aborted` after it. */
export async function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  using _timer = clock.after(delayMs, stop);
  signal?.addEventListener('abort', stop);
  try {
    await promise;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

export function timer(cancel: () => void): Timer {
  return { cancel, [Symbol.dispose]: cancel };
}
