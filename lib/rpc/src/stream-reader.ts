import { OperatingError, type Timer } from '@plumb/base';
import { Attempts } from './attempts.ts';
import type { CallDependencies, CallInput } from './call-once.ts';
import type { CallOptions } from './contract.ts';
import { itemCost } from './item-cost.ts';
import { DEADLINE_MS_MAX, STREAM_CREDIT_ITEMS, STREAM_PIECE_BYTES } from './limits.ts';
import type { CallFate, CallSession, CallSink } from './outgoing-calls.ts';
import { deadlineError } from './session-source.ts';

type Waiter = PromiseWithResolvers<IteratorResult<unknown, undefined>>;
const DONE: IteratorResult<unknown, undefined> = { done: true, value: undefined };

/** `deadlineAtMs`: when all of it must be read, on the clock of the connection. */
export type StreamOptions = CallOptions & { readonly deadlineAtMs?: number | undefined };

/**
 * Reads one stream. At most `STREAM_CREDIT_ITEMS` wait here unread, fewer where they are larger than
 * `STREAM_PIECE_BYTES`; the service may send more only as they are read.
 * `return()` ends it at once, also while `next()` waits, and cancels it at the service.
 */
export class StreamReader implements AsyncIterator<unknown, undefined>, CallSink {
  readonly #dependencies: CallDependencies;
  readonly #call: CallInput;
  readonly #options: StreamOptions;
  readonly #onValue: ((value: unknown) => void) | undefined;
  readonly #items: { readonly value: unknown; readonly cost: number; readonly weight: number }[] = [];
  readonly #waiters: Waiter[] = [];
  #wait: AbortController | undefined;
  readonly #attempts: Attempts;
  #isStarted = false;
  /** How it ended: `undefined` while it runs, an empty object at the end, or with what is thrown once the items are read. */
  #end: { readonly error?: unknown } | undefined;
  #session: CallSession | undefined;
  #id = 0;
  #unreadWeight = 0;
  #readCostSinceGrant = 0;
  /** For the first item, and for all. */
  #timer: Timer | undefined;
  #endTimer: Timer | undefined;
  #startedAtMs = 0;

  constructor(
    dependencies: CallDependencies,
    call: CallInput,
    options: StreamOptions,
    /** Takes the answer of a method that has one rather than a stream, which then ends without items. */
    onValue?: (value: unknown) => void,
  ) {
    this.#dependencies = dependencies;
    this.#call = call;
    this.#options = options;
    this.#onValue = onValue;
    this.#attempts = new Attempts(dependencies.source, { isIdempotent: false, isStream: true });
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#isStarted) this.#start();
    if (this.#items.length > 0) return Promise.resolve(this.#take());
    const waiter: Waiter = Promise.withResolvers();
    this.#waiters.push(waiter);
    this.#serveWaiters();
    return waiter.promise;
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#isStarted = true;
    this.#items.length = 0;
    this.#finish({});
    // Also when an error was still to be thrown: who leaves does not want it.
    this.#end = {};
    this.#serveWaiters();
    return DONE;
  }

  onItem(value: unknown, cost: number): void {
    this.#timer?.cancel();
    if (this.#unreadWeight >= STREAM_CREDIT_ITEMS) {
      const error = new OperatingError('internal', `${this.#call.method} sent more than it was asked for`);
      return this.#finish({ error });
    }
    const weight = this.#dependencies.isWeighed === true ? Math.max(cost, itemCost(value, STREAM_PIECE_BYTES)) : cost;
    this.#items.push({ value, cost, weight });
    this.#unreadWeight += weight;
    this.#serveWaiters();
  }

  onEnd(): void {
    this.#finish({});
  }

  onResult(value: unknown): void {
    this.#onValue?.(value);
    const advice = 'await it, it is not a stream';
    const error = new OperatingError('invalid', `${this.#call.method} answers with one value: ${advice}`);
    this.#finish(this.#onValue === undefined ? { error } : {});
  }

  onError(error: OperatingError, fate: CallFate): void {
    const session = this.#session;
    this.#session = undefined;
    const next = session === undefined ? undefined : this.#attempts.after(session, error, fate);
    if (next === undefined) this.#finish({ error });
    else if (next === 'wait') this.#waitForSession();
    else this.#open(next);
  }

  #start(): void {
    this.#isStarted = true;
    const { source, clock } = this.#dependencies;
    this.#startedAtMs = clock.monotonicMs();
    const { signal, timeoutMs, deadlineAtMs } = this.#options;
    if (signal?.aborted === true) return this.#finish({ error: signal.reason });
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = this.#limit(timeoutMs);
    this.#endTimer = this.#limit(deadlineAtMs === undefined ? undefined : deadlineAtMs - this.#startedAtMs);
    const session = source.current(this.#attempts.request);
    if (session === undefined) this.#waitForSession();
    else this.#open(session);
  }

  #limit(timeoutMs = Infinity): Timer | undefined {
    if (timeoutMs > DEADLINE_MS_MAX) return undefined;
    const { source, clock } = this.#dependencies;
    const { method } = this.#call;
    return clock.after(timeoutMs, () => this.#finish({ error: deadlineError(method, timeoutMs, source) }));
  }

  #waitForSession(): void {
    const wait = new AbortController();
    this.#wait = wait;
    this.#dependencies.source.wait(wait.signal, this.#attempts.request).then(
      (session) => this.#open(session),
      (error: unknown) => this.#finish({ error }),
    );
  }

  #open(session: CallSession): void {
    if (this.#end !== undefined) return;
    this.#session = session;
    this.#attempts.begin();
    const { traceparent } = this.#options;
    const deadlineMs = this.#deadlineMs();
    try {
      this.#id = session.start(
        {
          ...this.#call,
          credit: STREAM_CREDIT_ITEMS,
          pieceBytes: STREAM_PIECE_BYTES,
          ...(deadlineMs !== undefined && { deadlineMs }),
          ...(traceparent !== undefined && { traceparent }),
        },
        this,
      );
    } catch (error) {
      this.#finish({ error });
    }
  }

  /** Of a stream only its reader waits; what may be one value has a deadline over there as well. */
  #deadlineMs(): number | undefined {
    const { timeoutMs = Infinity } = this.#options;
    if (timeoutMs > DEADLINE_MS_MAX || this.#onValue === undefined) return undefined;
    return timeoutMs - (this.#dependencies.clock.monotonicMs() - this.#startedAtMs);
  }

  /** The next of the items that are here; nobody waits while there are any. */
  #take(): IteratorResult<unknown, undefined> {
    const item = this.#items.shift();
    if (item === undefined) return DONE;
    this.#unreadWeight -= item.weight;
    this.#grantRead(item.cost);
    return { done: false, value: item.value };
  }

  #serveWaiters(): void {
    while (this.#waiters.length > 0 && this.#items.length > 0) {
      this.#waiters.shift()?.resolve(this.#take());
    }
    while (this.#waiters.length > 0 && this.#end !== undefined) {
      const waiter = this.#waiters.shift();
      if ('error' in this.#end) waiter?.reject(this.#end.error);
      else waiter?.resolve(DONE);
      this.#end = {};
    }
  }

  /** Asks for more in halves of the window, which costs one small message for many items. */
  #grantRead(cost: number): void {
    this.#readCostSinceGrant += cost;
    if (this.#readCostSinceGrant < STREAM_CREDIT_ITEMS / 2 || this.#end !== undefined) return;
    this.#session?.grant(this.#id, this.#readCostSinceGrant);
    this.#readCostSinceGrant = 0;
  }

  readonly #onAbort = (): void => {
    this.#items.length = 0;
    this.#finish({ error: this.#options.signal?.reason });
  };

  #finish(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#timer?.cancel();
    this.#endTimer?.cancel();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#wait?.abort();
    // Without effect where the service ended it.
    this.#session?.cancel(this.#id);
    this.#serveWaiters();
  }
}
