/**
 * Changes of keys: reads a key, lets a verb decide, and writes under the condition that the key is still as it was read.
 * A lock is taken under the condition that its session is still there, so a session that ends never leaves one behind.
 */
import { assert, OperatingError, Turns } from '@plumb/base';
import { type Compare, type Kv, type Operation, rangeOfPrefix } from '@plumb/kv';
import { WRITE_TRIES_MAX } from './limits.ts';
import { decodeRecord, encodeContent, KV_PREFIX, type KvRecord, lockKeyOf, storeKeyOf } from './kv-record.ts';
import type { KvChange } from './kv-verbs.ts';
import type { SessionTerms } from './sessions.ts';

export type Lock = { readonly conditions: readonly Compare[]; readonly terms?: SessionTerms | undefined };

export class KvWriter {
  readonly #kv: Kv;
  /** Those who change one key wait for each other: to be told of a conflict costs the disk's time as well. */
  readonly #turns = new Turns();

  constructor(kv: Kv) {
    this.#kv = kv;
  }

  /**
   * Whether it was done. `decide` may be asked again; `lock` is what must hold beside it, and what becomes of the lock.
   * @throws OperatingError `conflict` when others change the key all the time; ConditionFailed.
   */
  async change(
    key: string,
    decide: (current: KvRecord | undefined) => KvChange,
    lock: Lock = { conditions: [] },
  ): Promise<boolean> {
    return this.#turns.run(key, async () => {
      for (let tries = 0; tries < WRITE_TRIES_MAX; tries += 1) {
        const current = await readKey(this.#kv, key);
        const change = decide(current);
        if (change.kind === 'refuse') return false;
        const operations = operationsOf(key, current, change, lock.terms);
        if (operations.length === 0) return true;
        const compare: Compare[] = [conditionOf(key, current), ...lock.conditions];
        const result = await this.#kv.transact(operations, { compare });
        if (result.kind === 'committed') return true;
        if (result.key !== storeKeyOf(key)) throw conditionFailed(result.key);
      }
      throw new OperatingError('conflict', `"${key}" is changed by others all the time: try again`);
    });
  }

  /** All keys that start with `prefix`, in one transaction, with what names them in sessions. */
  async deleteTree(prefix: string): Promise<void> {
    const { entries } = await this.#kv.list(storeKeyOf(prefix));
    const locks = entries.map(decodeRecord).flatMap(({ key, session }) => deleteLock(key, session));
    // More than one transaction holds: those of keys that are gone go with their sessions.
    const operations = [...locks.slice(0, LOCKS_OF_TREE_MAX), deleteTreeOperation(prefix)];
    await this.#kv.transact(operations);
  }
}

/** The store's transactions are longer by far. */
const LOCKS_OF_TREE_MAX = 512;

/** What is thrown when a condition that is not the key's own does not hold. */
export class ConditionFailed extends Error {}

function conditionFailed(key: string): ConditionFailed {
  return new ConditionFailed(`the condition on ${key} does not hold`);
}

export async function readKey(kv: Kv, key: string): Promise<KvRecord | undefined> {
  const entry = await kv.get(storeKeyOf(key));
  return entry === undefined ? undefined : decodeRecord(entry);
}

export function conditionOf(key: string, current: KvRecord | undefined): Compare {
  return { key: storeKeyOf(key), modRevision: current?.modifyIndex ?? 0 };
}

export function deleteTreeOperation(prefix: string): Operation {
  return { kind: 'delete-range', ...rangeOfPrefix(`${KV_PREFIX}${prefix}`) };
}

/** The changes of the store, with those of the key's name among what a session holds, for which `terms` are needed. */
export function operationsOf(
  key: string,
  current: KvRecord | undefined,
  change: KvChange,
  terms?: SessionTerms,
): Operation[] {
  switch (change.kind) {
    case 'keep':
    case 'refuse':
      return [];
    case 'delete':
      return [{ kind: 'delete', key: storeKeyOf(key) }, ...deleteLock(key, current?.session)];
    case 'put': {
      const put: Operation = { kind: 'put', key: storeKeyOf(key), value: encodeContent(change.content) };
      const { session } = change.content;
      if (session === current?.session) return [put];
      return [put, ...deleteLock(key, current?.session), ...putLock(key, session, terms)];
    }
  }
}

function deleteLock(key: string, session: string | undefined): Operation[] {
  return session === undefined ? [] : [{ kind: 'delete', key: lockKeyOf(session, key) }];
}

function putLock(key: string, session: string | undefined, terms: SessionTerms | undefined): Operation[] {
  if (session === undefined) return [];
  assert(terms !== undefined, 'a lock is taken with the terms of its session');
  const value = Buffer.from(`${terms.behavior} ${terms.lockDelayMs}`);
  return [{ kind: 'put', key: lockKeyOf(session, key), value }];
}

/** What a lock's record says. */
export function termsOf(value: Uint8Array): SessionTerms {
  const [behavior, lockDelayMs] = Buffer.from(value).toString().split(' ');
  return { behavior: behavior === 'delete' ? 'delete' : 'release', lockDelayMs: Number(lockDelayMs ?? 0) };
}
