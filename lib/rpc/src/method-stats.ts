/**
 * What is counted of a dispatcher's calls, by method: how many began and how they ended, how long unary ones took, and
 * the items of streams. One typed array a method, and a few additions a call: nothing is allocated while counting.
 */
import { ERROR_CODES, type ErrorCode, OperatingError } from '@plumb/base';

/** How a call ended. `cancelled`: its caller went away first, or left its stream, which is no fault of anybody. */
export type CallCode = 'ok' | 'cancelled' | ErrorCode;

export const CALL_CODES: readonly CallCode[] = ['ok', 'cancelled', ...(Object.keys(ERROR_CODES) as ErrorCode[])];

/** The upper bounds of the histogram: 50 µs, doubled up to 52 s. A call beyond them is counted in one bucket more. */
export const DURATION_BOUNDS_SECONDS: readonly number[] = Array.from({ length: 21 }, (_, power) => 5e-5 * 2 ** power);

/** What calls of a method that nobody offers are counted under: callers invent names, so each would be a series. */
export const UNKNOWN_METHOD = 'unknown';

export type MethodStats = {
  /** `SERVICE.METHOD`, or `UNKNOWN_METHOD`. */
  readonly method: string;
  readonly started: number;
  readonly inFlight: number;
  /** Calls that ended, by how; those that never happened are left out. */
  readonly ended: Readonly<Partial<Record<CallCode, number>>>;
  /** Items that streams sent. */
  readonly items: number;
  readonly durations: {
    /** Of each bucket by itself: one for each of `DURATION_BOUNDS_SECONDS`, then one for what is beyond. */
    readonly counts: readonly number[];
    readonly sumSeconds: number;
  };
};

/** Both sides time a deadline, and either may be first: a call that is given up this near to it ran out of time. */
const DEADLINE_TOLERANCE_MS = 5;

/** How a call ended whose handler's answer was `code`: `signal` aborted where nobody waited for it any more. */
export function callCode(code: 'ok' | ErrorCode, { signal, durationMs, deadlineMs = Infinity }: CallEnding): CallCode {
  if (!signal.aborted) return code;
  const reason: unknown = signal.reason;
  if (reason instanceof OperatingError && reason.code === 'deadline') return 'deadline';
  return durationMs >= deadlineMs - DEADLINE_TOLERANCE_MS ? 'deadline' : 'cancelled';
}

export type CallEnding = {
  readonly signal: AbortSignal;
  readonly durationMs: number;
  /** What the call had of time when it came. */
  readonly deadlineMs?: number | undefined;
};

const CODE_INDEXES = Object.fromEntries(CALL_CODES.map((code, index) => [code, index])) as Record<CallCode, number>;
const STARTED = 0;
const ITEMS = 1;
const SUM_MS = 2;
const CODES = 3;
const BUCKETS = CODES + CALL_CODES.length;
const SLOTS = BUCKETS + DURATION_BOUNDS_SECONDS.length + 1;
/** The lowest bound, in this unit, is one: the others are powers of two. */
const UNITS_PER_MS = 20;
const OVERFLOW_UNITS = 2 ** (DURATION_BOUNDS_SECONDS.length - 1);

/** The counters of one method. */
export class MethodCounters {
  /** Doubles: a busy method has more calls than 32 bits count. */
  readonly #slots = new Float64Array(SLOTS);

  start(): void {
    this.#add(STARTED, 1);
  }

  /** Once for each `start`. `durationMs` is left out for a stream, whose length says nothing of how fast it was. */
  finish(code: CallCode, durationMs?: number): void {
    this.#add(CODES + CODE_INDEXES[code], 1);
    if (durationMs === undefined) return;
    this.#add(SUM_MS, durationMs);
    this.#add(BUCKETS + bucketOf(durationMs), 1);
  }

  /** A call that ended before it began. */
  refuse(code: ErrorCode): void {
    this.start();
    this.finish(code);
  }

  addItem(): void {
    this.#add(ITEMS, 1);
  }

  read(method: string): MethodStats {
    const slots = this.#slots;
    const counts = CALL_CODES.map((code, index) => [code, slots[CODES + index] ?? 0] as const);
    const started = slots[STARTED] ?? 0;
    return {
      method,
      started,
      inFlight: started - counts.reduce((sum, [, count]) => sum + count, 0),
      ended: Object.fromEntries(counts.filter(([, count]) => count > 0)),
      items: slots[ITEMS] ?? 0,
      durations: { counts: [...slots.subarray(BUCKETS)], sumSeconds: (slots[SUM_MS] ?? 0) / 1_000 },
    };
  }

  #add(slot: number, count: number): void {
    this.#slots[slot] = (this.#slots[slot] ?? 0) + count;
  }
}

/** The least bucket whose bound is not below `durationMs`: the logarithm to base two, by counting zeros. */
function bucketOf(durationMs: number): number {
  const units = durationMs * UNITS_PER_MS;
  if (units > OVERFLOW_UNITS) return DURATION_BOUNDS_SECONDS.length;
  return units <= 1 ? 0 : 32 - Math.clz32(Math.ceil(units) - 1);
}
