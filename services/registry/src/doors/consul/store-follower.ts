/**
 * The one reader of the store's changes for the whole door.
 *
 * Invariant: what `reached` resolved for has been told to every listener.
 */
import { describeError, type Log, OperatingError } from '@plumb/base';
import type { Entry, Kv } from '@plumb/kv';

export type StoreListener = {
  /** Everything there is at `revision`: at first, and again instead of changes that were missed. */
  readonly onSnapshot: (entries: readonly Entry[], revision: number) => void;
  readonly onChange: (change: {
    readonly revision: number;
    readonly puts: readonly Entry[];
    readonly deletes: readonly string[];
  }) => void;
};

type Waiter = { readonly revision: number; readonly reached: PromiseWithResolvers<void> };

export class StoreFollower {
  readonly #kv: Kv;
  readonly #listeners: readonly StoreListener[];
  readonly #log: Log;
  #waiters: Waiter[] = [];
  /** -1 before the first snapshot: an empty store is at 0. */
  #revision = -1;
  #hasEnded = false;

  constructor(kv: Kv, listeners: readonly StoreListener[], log: Log) {
    this.#kv = kv;
    this.#listeners = listeners;
    this.#log = log;
  }

  /** Reads until `signal` aborts or the store closes. Never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    try {
      for await (const event of this.#kv.watch('', { signal })) {
        for (const listener of this.#listeners) {
          if (event.kind === 'snapshot') listener.onSnapshot(event.entries, event.revision);
          else listener.onChange(event);
        }
        this.#advance(event.revision);
      }
    } catch (error) {
      this.#log.error('consul.follow-failed', { error: describeError(error) });
    }
    this.#hasEnded = true;
    for (const { reached } of this.#waiters.splice(0)) reached.reject(closed());
  }

  /** Resolves when all changes up to `revision` have been told. @throws OperatingError `unavailable` when the door closes. */
  async reached(revision: number): Promise<void> {
    if (this.#revision >= revision) return;
    if (this.#hasEnded) throw closed();
    const reached = Promise.withResolvers<void>();
    this.#waiters.push({ revision, reached });
    await reached.promise;
  }

  /** As `reached`, of all that the store holds by now. */
  async caughtUp(): Promise<void> {
    await this.reached(this.#kv.revision());
  }

  #advance(revision: number): void {
    this.#revision = revision;
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter((waiter) => waiter.revision <= revision);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const { reached } of due) reached.resolve();
  }
}

function closed(): OperatingError {
  return new OperatingError('unavailable', 'the Consul door is closed: try again later');
}
