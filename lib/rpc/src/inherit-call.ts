import { type Clock, type Random, systemRandom } from '@plumb/base';
import type { CallContext } from './call-context.ts';
import type { CallOptions } from './contract.ts';
import { CALL_TIMEOUT_MS } from './limits.ts';
import type { StreamOptions } from './stream-reader.ts';
import { childTrace, formatTraceparent, newTrace, parseTraceparent } from './traceparent.ts';

export type InheritOptions = {
  /** Where a call learns within which other call it is made. Without it every call stands alone. */
  readonly context?: CallContext | undefined;
  /** `always`: a call that belongs to no trace begins one. The default, `inherit`, sends none then. */
  readonly trace?: 'inherit' | 'always' | undefined;
  /** For the ids of spans and traces. */
  readonly random?: Random | undefined;
};

/**
 * The options of a call as they are where it is made: within a handler the trace is that of the call that is handled,
 * with a span of its own, and there is no more time than that call has left. A trace that the caller names goes as it is;
 * one that is malformed counts for nothing.
 */
export class Inheritance {
  readonly #clock: Clock;
  readonly #context: CallContext | undefined;
  readonly #isAlwaysTraced: boolean;
  readonly #random: Random;

  constructor(clock: Clock, { context, trace, random = systemRandom }: InheritOptions) {
    this.#clock = clock;
    this.#context = context;
    this.#isAlwaysTraced = trace === 'always';
    this.#random = random;
  }

  /** For a call that waits for one answer. */
  unary(options: CallOptions): StreamOptions {
    const deadlineAtMs = this.#context?.current()?.deadlineAtMs;
    const traceparent = this.#traceparent(options);
    if (deadlineAtMs === undefined) return traceparent === options.traceparent ? options : { ...options, traceparent };
    const leftMs = deadlineAtMs - this.#clock.monotonicMs();
    return { ...options, traceparent, timeoutMs: Math.min(options.timeoutMs ?? CALL_TIMEOUT_MS, leftMs), deadlineAtMs };
  }

  /** For a call that reads a stream: all of it must be read by the deadline of the handler. */
  stream(options: CallOptions): StreamOptions {
    return {
      ...options,
      traceparent: this.#traceparent(options),
      deadlineAtMs: this.#context?.current()?.deadlineAtMs,
    };
  }

  #traceparent({ traceparent }: CallOptions): string | undefined {
    if (traceparent !== undefined && parseTraceparent(traceparent) !== undefined) return traceparent;
    const parent = parseTraceparent(this.#context?.current()?.traceparent);
    if (parent !== undefined) return formatTraceparent(childTrace(parent, this.#random));
    return this.#isAlwaysTraced ? formatTraceparent(newTrace(this.#random)) : undefined;
  }
}
