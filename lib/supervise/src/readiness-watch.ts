import { type Clock, describeError, formatDuration, sleep } from '@plumb/base';
import type { Readiness, ReadinessCheck } from './probe.ts';

/** How a unit is asked whether it is ready: every `periodMs`, each time for at most `timeoutMs`. */
export type ReadinessSpec = { readonly check: ReadinessCheck; readonly periodMs: number; readonly timeoutMs: number };

/** Until it is ready for the first time, when somebody waits for it. */
const STARTING_PERIOD_MS = 100;

/**
 * Time-outs in a row before something ready counts as unready: on a busy machine one late answer says little. An answer
 * that says no, or a refused connection, counts at once.
 */
const TIMEOUTS_MAX = 3;

/** Calls `onChange` with the first answer and with each that differs from the one before, until `signal` aborts. */
export async function watchReadiness(
  { check, periodMs, timeoutMs }: ReadinessSpec,
  clock: Clock,
  signal: AbortSignal,
  onChange: (readiness: Readiness) => void,
): Promise<void> {
  let last: Readiness | undefined;
  let wasReady = false;
  let timeouts = 0;
  while (!signal.aborted) {
    const answer = await askOnce(check, clock, timeoutMs, signal);
    if (signal.aborted) return;
    timeouts = answer === undefined ? timeouts + 1 : 0;
    const isExcused = answer === undefined && last?.ready === true && timeouts < TIMEOUTS_MAX;
    const readiness = answer ?? { ready: false, reason: `no answer within ${formatDuration(timeoutMs)}` };
    if (!isExcused && !isSame(last, readiness)) {
      last = readiness;
      wasReady ||= readiness.ready;
      onChange(readiness);
    }
    await sleep(clock, wasReady ? periodMs : Math.min(periodMs, STARTING_PERIOD_MS), signal);
  }
}

/** Undefined when there was no answer in time. */
async function askOnce(
  check: ReadinessCheck,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Readiness | undefined> {
  const ask = new AbortController();
  const ended = Promise.withResolvers<undefined>();
  const end = (): void => {
    ended.resolve(undefined);
    ask.abort();
  };
  using _timer = clock.after(timeoutMs, end);
  signal.addEventListener('abort', end);
  try {
    return await Promise.race([check(ask.signal), ended.promise]);
  } catch (error) {
    return ask.signal.aborted ? undefined : { ready: false, reason: describeError(error) };
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function isSame(a: Readiness | undefined, b: Readiness): boolean {
  if (a === undefined || a.ready !== b.ready) return false;
  return a.ready || b.ready || a.reason === b.reason;
}
