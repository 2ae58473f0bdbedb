/**
 * What a handler gets in place of the functions and streams of its caller. A stub works until the call has ended or the
 * stub is disposed, which tells the caller's side at once. Afterwards, and for what runs at that moment, it fails with
 * `invalid`. A result that the handler does not await is no unhandled rejection when it fails.
 */
import { type Clock, OperatingError } from '@plumb/base';
import { callOnce } from './call-once.ts';
import type { Call } from './contract.ts';
import type { OutgoingCalls } from './outgoing-calls.ts';
import type { Reference } from './protocol.ts';
import { StreamReader } from './stream-reader.ts';
import type { CallSource } from './session-source.ts';

export type StubsOptions = {
  /** The calls to the side that made the call. */
  readonly outgoing: OutgoingCalls;
  readonly clock: Clock;
  readonly callId: number;
  readonly method: string;
  /** The call that brought the references: what is called back belongs to its trace and must end by its deadline. */
  readonly call: Call;
};

export class CallStubs {
  readonly #options: StubsOptions;
  readonly #source: CallSource;
  readonly #lives = new Map<number, AbortController>();

  constructor(options: StubsOptions) {
    this.#options = options;
    const { outgoing } = options;
    this.#source = { current: () => outgoing, wait: async () => outgoing, trouble: () => undefined };
  }

  create({ ref, kind }: Reference): unknown {
    const life = new AbortController();
    this.#lives.set(ref, life);
    const release = (): void => this.#release(ref);
    return kind === 'function' ? this.#function(ref, life.signal, release) : this.#stream(ref, life.signal, release);
  }

  /** The call is over. Safe to repeat. */
  end(): void {
    const { method } = this.#options;
    if (this.#lives.size === 0) return;
    const reason = new OperatingError(
      'invalid',
      `${method} has ended, and with it the functions and streams given to it`,
    );
    const lives = [...this.#lives.values()];
    this.#lives.clear();
    for (const life of lives) life.abort(reason);
  }

  #release(ref: number): void {
    const { method, outgoing, callId } = this.#options;
    const life = this.#lives.get(ref);
    if (life === undefined) return;
    this.#lives.delete(ref);
    life.abort(new OperatingError('invalid', `it was given to ${method}, which has disposed of it`));
    outgoing.release(callId, ref);
  }

  #function(ref: number, signal: AbortSignal, release: () => void): object {
    const { clock, call } = this.#options;
    const stub = (...args: unknown[]): Promise<unknown> => {
      const timeoutMs = call.deadlineAtMs === undefined ? Infinity : call.deadlineAtMs - clock.monotonicMs();
      const { traceparent } = call;
      const request = { method: `#${ref}`, input: args };
      const answer = callOnce({ source: this.#source, clock }, request, { signal, timeoutMs, traceparent });
      answer.catch(() => undefined);
      return answer;
    };
    return Object.assign(stub, { [Symbol.dispose]: release });
  }

  #stream(ref: number, signal: AbortSignal, release: () => void): AsyncIterable<unknown> & Disposable {
    const { clock, call } = this.#options;
    const { traceparent } = call;
    const request = { method: `#${ref}`, input: undefined };
    return {
      [Symbol.asyncIterator]: () =>
        new StreamReader({ source: this.#source, clock, isWeighed: true }, request, { signal, traceparent }),
      [Symbol.dispose]: release,
    };
  }
}
