/**
 * Lets go of what ended sessions held: their keys are released, or deleted, as the session asked for, and cannot be
 * locked for its delay. Level-triggered: what a session holds is listed under `consul/lock/SESSION/`, and as no lock can be
 * taken for a session that is gone, that list only becomes shorter. What an earlier run left is let go of at the start.
 */
import { type Clock, describeError, type Log, Turns } from '@plumb/base';
import type { Compare, Kv, Operation } from '@plumb/kv';
import { LOCK_PREFIX } from './kv-record.ts';
import { conditionOf, operationsOf, readKey, termsOf } from './kv-writer.ts';
import type { LockDelays } from './lock-delays.ts';
import type { SessionTerms } from './sessions.ts';

/** Keys that one transaction lets go of: three operations each. */
const BATCH_MAX = 256;
/** Before the next try when the store refused: soon, but no storm. */
const RETRY_MS = 1_000;

export type LockKeeperDependencies = {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly log: Log;
  readonly delays: LockDelays;
  /** Aborts when the door closes. */
  readonly closing: AbortSignal;
};

type Batch = {
  readonly operations: readonly Operation[];
  readonly compare: readonly Compare[];
  readonly released: readonly { readonly key: string; readonly terms: SessionTerms }[];
};

export class LockKeeper {
  readonly #dependencies: LockKeeperDependencies;
  readonly #turns = new Turns();

  constructor(dependencies: LockKeeperDependencies) {
    this.#dependencies = dependencies;
  }

  /** Ends what sessions hold of which nothing but that is left. */
  async recover(isThere: (session: string) => boolean): Promise<void> {
    const { entries } = await this.#dependencies.kv.list(LOCK_PREFIX);
    const sessions = new Set(
      entries.map(({ key }) => key.slice(LOCK_PREFIX.length, key.indexOf('/', LOCK_PREFIX.length))),
    );
    for (const session of sessions) if (!isThere(session)) await this.letGo(session);
  }

  /**
   * Does `operations`, which end a session, and lets go of its locks in the same transaction; of more than fit into one,
   * in those after it.
   */
  async end(session: string, operations: readonly Operation[]): Promise<void> {
    await this.#turns.run(session, () => this.#letGo(session, operations));
  }

  /** Lets go of all that an ended session holds. Never rejects; what the store refuses is tried again. */
  async letGo(session: string): Promise<void> {
    const { clock, log, closing } = this.#dependencies;
    try {
      await this.#turns.run(session, () => this.#letGo(session, []));
    } catch (error) {
      if (closing.aborted) return;
      log.warn('consul.release-failed', { session, error: describeError(error) });
      clock.after(RETRY_MS, () => void this.letGo(session));
    }
  }

  /** Resolves when nothing is let go of any more. */
  async settle(): Promise<void> {
    await this.#turns.settle();
  }

  async #letGo(session: string, first: readonly Operation[]): Promise<void> {
    const { kv, delays, closing } = this.#dependencies;
    let ending = first;
    while (!closing.aborted) {
      const { operations, compare, released } = await this.#batch(session);
      if (operations.length + ending.length === 0) return;
      const result = await kv.transact([...ending, ...operations], { compare });
      if (result.kind !== 'committed') continue;
      ending = [];
      for (const { key, terms } of released) delays.delay(key, terms.lockDelayMs);
    }
  }

  async #batch(session: string): Promise<Batch> {
    const { kv } = this.#dependencies;
    const prefix = `${LOCK_PREFIX}${session}/`;
    const locks = (await kv.list(prefix)).entries.slice(0, BATCH_MAX);
    const operations: Operation[] = [];
    const compare: Compare[] = [];
    const released: { key: string; terms: SessionTerms }[] = [];
    for (const lock of locks) {
      const key = lock.key.slice(prefix.length);
      const record = await readKey(kv, key);
      if (record?.session !== session) {
        operations.push({ kind: 'delete', key: lock.key });
        continue;
      }
      const terms = termsOf(lock.value);
      const change =
        terms.behavior === 'delete'
          ? ({ kind: 'delete' } as const)
          : ({ kind: 'put', content: { ...record, session: undefined } } as const);
      operations.push(...operationsOf(key, record, change));
      compare.push(conditionOf(key, record));
      released.push({ key, terms });
    }
    return { operations, compare, released };
  }
}
