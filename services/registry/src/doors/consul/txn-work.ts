/** A transaction over what it has read: each operation sees what those before it did. Pure. */
import type { Compare, Entry } from '@plumb/kv';
import { decodeRecord, kvJson, type KvRecord } from './kv-record.ts';
import { casKey, deleteCasKey, deleteKey, type KvChange, lockKey, setKey, unlockKey } from './kv-verbs.ts';
import type { LockDelays } from './lock-delays.ts';
import type { Session, Sessions, SessionTerms } from './sessions.ts';
import type { TxnOperation } from './txn-operation.ts';

/** `modifyIndex` of what the transaction itself wrote: known when it is done. */
const PENDING = -1;

export type TxnError = { readonly OpIndex: number; readonly What: string };

type Result = { readonly record: KvRecord; readonly hasValue: boolean };

export type TxnChange = {
  readonly key: string;
  readonly before: KvRecord | undefined;
  readonly change: KvChange;
  readonly terms: SessionTerms | undefined;
};

export class TxnWork {
  readonly errors: TxnError[] = [];
  readonly #base = new Map<string, KvRecord | undefined>();
  readonly #now = new Map<string, KvRecord | undefined>();
  readonly #locked = new Map<string, Session>();
  readonly #results: Result[] = [];
  readonly #sessions: Sessions;
  readonly #delays: LockDelays;

  constructor({ sessions, delays }: { readonly sessions: Sessions; readonly delays: LockDelays }) {
    this.#sessions = sessions;
    this.#delays = delays;
  }

  /** What was read of a key before the first operation. A later reading of the same key counts. */
  addBase(key: string, entry: Entry | undefined): KvRecord | undefined {
    const record = entry && decodeRecord(entry);
    this.#base.set(key, record);
    this.#now.set(key, record);
    return record;
  }

  addTreeBase(entry: Entry): [string, KvRecord] {
    const record = decodeRecord(entry);
    this.#base.set(record.key, record);
    this.#now.set(record.key, record);
    return [record.key, record];
  }

  apply(operation: TxnOperation, opIndex: number): void {
    const why = this.#run(operation);
    if (why !== undefined) this.errors.push({ OpIndex: opIndex, What: why });
  }

  /** What to write, a change a key. */
  changes(): readonly TxnChange[] {
    return [...this.#now].flatMap(([key, record]) => {
      const before = this.#base.get(key);
      if (record === before) return [];
      const change: KvChange = record === undefined ? { kind: 'delete' } : { kind: 'put', content: record };
      return [{ key, before, change, terms: this.#locked.get(key) }];
    });
  }

  /** That the sessions that took locks are still there. */
  conditions(): readonly Compare[] {
    return [...new Set(this.#locked.values())].map((session) => this.#sessions.condition(session));
  }

  /** `revision` is that of the change. */
  results(revision: number): readonly object[] {
    const index = (value: number): number => (value === PENDING ? revision : value);
    return this.#results.map(({ record, hasValue }) => {
      const json = kvJson({
        ...record,
        createIndex: index(record.createIndex),
        modifyIndex: index(record.modifyIndex),
      });
      return hasValue ? json : { ...json, Value: null };
    });
  }

  /** Why it cannot be done, if it cannot. */
  #run(operation: TxnOperation): string | undefined {
    const { verb, key, index, session } = operation;
    const current = this.#now.get(key);
    switch (verb) {
      case 'set':
        return this.#change(key, setKey(current, operation));
      case 'cas':
        return this.#change(key, casKey(key, current, operation));
      case 'lock':
        return this.#lock(operation, current);
      case 'unlock':
        return this.#change(key, unlockKey(key, current, operation));
      case 'get':
        return current === undefined ? missing(key) : this.#answer(current);
      case 'get-or-empty':
        return this.#answer(current ?? emptyRecord(key));
      case 'get-tree':
        for (const record of this.#tree(key)) this.#answer(record);
        return undefined;
      case 'check-index':
        if (current === undefined) return missing(key);
        return current.modifyIndex === index
          ? this.#answer(current, false)
          : staleIndex(key, current.modifyIndex, index);
      case 'check-session':
        if (current === undefined) return missing(key);
        return current.session === session ? this.#answer(current, false) : otherSession(key, current.session, session);
      case 'check-not-exists':
        return current === undefined ? undefined : `key "${key}" exists`;
      case 'delete':
        return this.#change(key, deleteKey(current));
      case 'delete-tree':
        for (const record of this.#tree(key)) this.#now.set(record.key, undefined);
        return undefined;
      case 'delete-cas':
        return this.#change(key, deleteCasKey(key, current, index));
    }
  }

  #lock(operation: TxnOperation, current: KvRecord | undefined): string | undefined {
    const { key } = operation;
    const session = this.#sessions.get(operation.session);
    if (session === undefined) return `invalid session "${operation.session}"`;
    if (this.#delays.isDelayed(key)) return `failed to lock key "${key}", lock is delayed`;
    const why = this.#change(key, lockKey(key, current, operation));
    if (why === undefined) this.#locked.set(key, session);
    return why;
  }

  #change(key: string, change: KvChange): string | undefined {
    if (change.kind === 'refuse') return change.why;
    const current = this.#now.get(key);
    if (change.kind === 'delete') this.#now.set(key, undefined);
    if (change.kind === 'put') {
      const createIndex = current?.createIndex ?? this.#base.get(key)?.createIndex ?? PENDING;
      const record = { ...change.content, key, createIndex, modifyIndex: PENDING };
      this.#now.set(key, record);
      this.#answer(record, false);
    }
    if (change.kind === 'keep' && current !== undefined) this.#answer(current, false);
    return undefined;
  }

  #answer(record: KvRecord, hasValue = true): undefined {
    this.#results.push({ record, hasValue });
  }

  #tree(prefix: string): readonly KvRecord[] {
    const records = [...this.#now.values()].filter((record) => record !== undefined);
    return records
      .filter(({ key }) => key.startsWith(prefix))
      .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }
}

function emptyRecord(key: string): KvRecord {
  return { key, value: new Uint8Array(), flags: 0n, lockIndex: 0, session: undefined, createIndex: 0, modifyIndex: 0 };
}

function missing(key: string): string {
  return `key "${key}" doesn't exist`;
}

function staleIndex(key: string, index: number, wanted: number): string {
  return `failed index check for key "${key}", current modify index ${index} != ${wanted}`;
}

function otherSession(key: string, session: string | undefined, wanted: string): string {
  return `failed session check for key "${key}", current session "${session ?? ''}" != "${wanted}"`;
}
