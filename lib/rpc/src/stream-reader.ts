import { type Clock, OperatingError, type Timer } from '@plumb/base';
import type { CallDependencies } from './call-once.ts';
import type { ClientSession } from './client-session.ts';
import type { CallOptions } from './contract.ts';
import { STREAM_CREDIT_ITEMS, STREAM_PIECE_BYTES } from './limits.ts';
import { deadlineError, type SessionRequest, type SessionSource } from './session-source.ts';

type Waiter = PromiseWithResolvers<IteratorResult<unknown, undefined>>;
const STREAM: SessionRequest = { isStream: true };
const DONE: IteratorResult<unknown, undefined> = { done: true, value: undefined };

/**
 * Reads one stream. At most `STREAM_CREDIT_ITEMS` wait here unread, fewer where they are larger than
 * `STREAM_PIECE_BYTES`; the service may send more only as they are read.
 * `return()` ends it at once, also while `next()` waits, and cancels it at the service.
 */
export class StreamReader implements AsyncIterator<unknown, undefined> {
  readonly #source: SessionSource;
  readonly #clock: Clock;
  readonly #request: { readonly method: string; readonly input: unknown };
  readonly #options: CallOptions;
  readonly #onValue: ((value: unknown) => void) | undefined;
  readonly #items: { readonly value: unknown; readonly cost: number }[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #gaveUp = new AbortController();
  #isStarted = false;
  /** How it ended: `undefined` while it runs, an empty object at the end, or with what is thrown once the items are read. */
  #end: { readonly error?: unknown } | undefined;
  #session: ClientSession | undefined;
  #id = 0;
  #unreadCost = 0;
  #readCostSinceGrant = 0;
  #timer: Timer | undefined;
  #startedAtMs = 0;

  constructor(
    { source, clock }: CallDependencies,
    request: { readonly method: string; readonly input: unknown },
    options: CallOptions,
    /** Takes the answer of a method that has one rather than a stream, which then ends without items. */
    onValue?: (value: unknown) => void,
  ) {
    this.#source = source;
    this.#clock = clock;
    this.#request = request;
    this.#options = options;
    this.#onValue = onValue;
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

  #start(): void {
    this.#isStarted = true;
    this.#startedAtMs = this.#clock.monotonicMs();
    const { signal, timeoutMs } = this.#options;
    if (signal?.aborted === true) return this.#finish({ error: signal.reason });
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs !== undefined) {
      this.#timer = this.#clock.after(timeoutMs, () =>
        this.#finish({ error: deadlineError(this.#request.method, timeoutMs, this.#source) }),
      );
    }
    const session = this.#source.current(STREAM);
    if (session !== undefined) return this.#open(session);
    this.#source.wait(this.#gaveUp.signal, STREAM).then(
      (session) => this.#open(session),
      (error: unknown) => this.#finish({ error }),
    );
  }

  #open(session: ClientSession): void {
    if (this.#end !== undefined) return;
    this.#session = session;
    const { method } = this.#request;
    const window = { credit: STREAM_CREDIT_ITEMS, pieceBytes: STREAM_PIECE_BYTES };
    try {
      this.#id = session.start(
        { ...this.#request, ...window, deadlineMs: this.#deadlineMs() },
        {
          onItem: (value, cost) => this.#onItem(value, cost),
          onEnd: () => this.#finish({}),
          onError: (error) => this.#finish({ error }),
          onResult: (value) => {
            this.#onValue?.(value);
            const advice = 'await it, it is not a stream';
            const error = new OperatingError('invalid', `${method} answers with one value: ${advice}`);
            this.#finish(this.#onValue === undefined ? { error } : {});
          },
        },
      );
    } catch (error) {
      this.#finish({ error });
    }
  }

  /** Of a stream only its reader waits; what may be one value has a deadline over there as well. */
  #deadlineMs(): number | undefined {
    const { timeoutMs } = this.#options;
    if (timeoutMs === undefined || this.#onValue === undefined) return undefined;
    return timeoutMs - (this.#clock.monotonicMs() - this.#startedAtMs);
  }

  #onItem(value: unknown, cost: number): void {
    this.#timer?.cancel();
    if (this.#unreadCost >= STREAM_CREDIT_ITEMS) {
      const error = new OperatingError('internal', `${this.#request.method} sent more than it was asked for`);
      return this.#finish({ error });
    }
    this.#items.push({ value, cost });
    this.#unreadCost += cost;
    this.#serveWaiters();
  }

  /** The next of the items that are here; nobody waits while there are any. */
  #take(): IteratorResult<unknown, undefined> {
    const item = this.#items.shift();
    if (item === undefined) return DONE;
    this.#unreadCost -= item.cost;
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
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#gaveUp.abort();
    // Without effect where the service ended it.
    this.#session?.cancel(this.#id);
    this.#serveWaiters();
  }
}
