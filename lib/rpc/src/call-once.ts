import { type Clock, OperatingError, type Timer } from '@plumb/base';
import { Attempts } from './attempts.ts';
import type { CallOptions } from './contract.ts';
import { CALL_TIMEOUT_MS, DEADLINE_MS_MAX } from './limits.ts';
import { hasNotRun, markNotRun } from './not-run.ts';
import type { CallFate, CallRequest, CallSession, CallSink } from './outgoing-calls.ts';
import { type CallSource, deadlineError } from './session-source.ts';

export type CallDependencies = {
  readonly source: CallSource;
  readonly clock: Clock;
  /** Makes the key of an idempotent call that does more than look. Without it no call is made again once it was sent. */
  readonly newKey?: (() => string) | undefined;
  /** The other side is not trusted to say what its items cost: each is weighed here as well. */
  readonly isWeighed?: boolean | undefined;
};

export type CallInput = { readonly method: string; readonly input: unknown };

/**
 * One call and its one answer, within `timeoutMs` from now, the wait for a connection included. Every try of it carries
 * the same key, if it has one, and what is left of the deadline; one whose time is up is not sent.
 * @throws OperatingError, and the reason of `signal` when it aborts first.
 */
export function callOnce(dependencies: CallDependencies, call: CallInput, options: CallOptions): Promise<unknown> {
  return new UnaryCall(dependencies, call, options).promise;
}

class UnaryCall implements CallSink {
  readonly #dependencies: CallDependencies;
  readonly #call: CallInput;
  readonly #options: CallOptions;
  readonly #timeoutMs: number;
  readonly #startedAtMs: number;
  readonly #answer: PromiseWithResolvers<unknown> = Promise.withResolvers();
  readonly #key: string | undefined;
  readonly #attempts: Attempts;
  #timer: Timer | undefined;
  /** Where it was sent last. */
  #session: CallSession | undefined;
  #id = 0;
  #wait: AbortController | undefined;
  /** What a try ended with that may have run: a later one that has not run does not undo that. */
  #earlier: OperatingError | undefined;
  #isOver = false;

  constructor(dependencies: CallDependencies, call: CallInput, options: CallOptions) {
    this.#dependencies = dependencies;
    this.#call = call;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? CALL_TIMEOUT_MS;
    this.#startedAtMs = dependencies.clock.monotonicMs();
    const { idempotent = false } = options;
    this.#key = idempotent === true ? dependencies.newKey?.() : undefined;
    const isIdempotent = idempotent !== false && dependencies.newKey !== undefined;
    this.#attempts = new Attempts(dependencies.source, { isIdempotent, isStream: false });
    this.#start();
  }

  get promise(): Promise<unknown> {
    return this.#answer.promise;
  }

  onResult(value: unknown): void {
    this.#end();
    this.#answer.resolve(value);
  }

  onItem(): void {
    this.#fail(answeredWithStream(this.#call.method));
  }

  onEnd(): void {
    this.#fail(answeredWithStream(this.#call.method));
  }

  onError(error: OperatingError, fate: CallFate): void {
    const session = this.#session;
    this.#session = undefined;
    if (this.#isOver || session === undefined) return;
    const next = this.#attempts.after(session, error, fate);
    if (!hasNotRun(error)) this.#earlier = error;
    if (next === undefined) this.#fail(hasNotRun(error) ? (this.#earlier ?? error) : error);
    else if (next === 'wait') this.#tryAgain();
    else this.#sendOn(next);
  }

  #start(): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) return this.#fail(signal.reason);
    if (this.#timeoutMs <= 0) return this.#onDeadline();
    if (this.#timeoutMs <= DEADLINE_MS_MAX) {
      this.#timer = this.#dependencies.clock.after(this.#timeoutMs, () => this.#onDeadline());
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    const session = this.#dependencies.source.current();
    if (session === undefined) return this.#waitForSession();
    this.#sendOn(session, this.#timeoutMs);
  }

  readonly #onAbort = (): void => this.#fail(this.#options.signal?.reason);

  #onDeadline(): void {
    const error = deadlineError(this.#call.method, this.#timeoutMs, this.#dependencies.source);
    this.#fail(this.#session === undefined && this.#attempts.count === 0 ? markNotRun(error) : error);
  }

  /** A turn later: the source hears of the loss as well. */
  #tryAgain(): void {
    queueMicrotask(() => {
      if (this.#isOver) return;
      const session = this.#dependencies.source.current(this.#attempts.request);
      if (session === undefined || session.closed.aborted) this.#waitForSession();
      else this.#sendOn(session);
    });
  }

  #waitForSession(): void {
    const wait = new AbortController();
    this.#wait = wait;
    this.#dependencies.source.wait(wait.signal, this.#attempts.request).then(
      (session) => {
        if (!this.#isOver) this.#sendOn(session);
      },
      (error: unknown) => this.#fail(this.#attempts.count === 0 ? notRun(error) : error),
    );
  }

  #sendOn(session: CallSession, leftMs = this.#leftMs()): void {
    if (leftMs <= 0) return this.#onDeadline();
    const { method, input } = this.#call;
    const { traceparent } = this.#options;
    const request: CallRequest = { method, input, deadlineMs: leftMs };
    this.#attempts.begin();
    this.#session = session;
    try {
      this.#id = session.start(
        this.#key === undefined && traceparent === undefined && leftMs <= DEADLINE_MS_MAX
          ? request
          : plus(request, { key: this.#key, traceparent }),
        this,
      );
    } catch (error) {
      this.#session = undefined;
      this.#fail(this.#earlier ?? error);
    }
  }

  #leftMs(): number {
    return this.#timeoutMs - (this.#dependencies.clock.monotonicMs() - this.#startedAtMs);
  }

  #fail(reason: unknown): void {
    if (this.#isOver) return;
    const session = this.#session;
    this.#end();
    // Without effect where the call has ended.
    session?.cancel(this.#id);
    this.#answer.reject(reason);
  }

  #end(): void {
    this.#isOver = true;
    this.#session = undefined;
    this.#timer?.cancel();
    this.#wait?.abort();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** Only what there is: what is undefined would be sent as such. */
function plus(request: CallRequest, { key, traceparent }: Pick<CallRequest, 'key' | 'traceparent'>): CallRequest {
  const { deadlineMs = Infinity, ...rest } = request;
  return {
    ...rest,
    ...(deadlineMs <= DEADLINE_MS_MAX && { deadlineMs }),
    ...(key !== undefined && { key }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** A copy: others who wait for the same connection, and have been sent before, are given the same error. */
function notRun(error: unknown): unknown {
  if (!(error instanceof OperatingError)) return error;
  const { code, message, details, cause } = error;
  return markNotRun(new OperatingError(code, message, { details, cause }));
}

function answeredWithStream(method: string): OperatingError {
  return new OperatingError('internal', `${method} was answered with a stream: the contracts of both sides differ`);
}
