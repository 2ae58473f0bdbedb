/** Real time-outs for waiting on the real world in tests; generous, since they only matter when something is broken. */
const UNTIL_TIMEOUT_MS = 15_000;
const UNTIL_PERIOD_MS = 10;

/**
 * Resolves with the first result of `check` that is neither undefined nor false. A `check` that throws is tried again.
 * Rejects after `timeoutMs` with what was waited for and the last failure.
 */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
  { timeoutMs = UNTIL_TIMEOUT_MS, periodMs = UNTIL_PERIOD_MS }: { timeoutMs?: number; periodMs?: number } = {},
): Promise<Exclude<T, undefined | false>> {
  const endAt = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result as Exclude<T, undefined | false>;
      last = result;
    } catch (error) {
      last = error;
    }
    if (performance.now() > endAt) {
      throw new Error(
        `waited ${timeoutMs} ms for: ${what}; last: ${last instanceof Error ? last.message : String(last)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, periodMs));
  }
}
