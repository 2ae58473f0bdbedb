/**
 * A `Kv` in an etcd cluster: what Plumb's data is kept in when one machine is not enough. Revisions are etcd's, so they do
 * not start at 0, and grow by what others write too.
 *
 * What is different from our own store, because etcd is: a transaction changes a key once, and has as many operations as
 * the server's `--max-txn-ops` allows; leases have numbers as ids, and whole seconds, at least two; the history is as long
 * as the cluster keeps it; progress marks come as often as the server is told to send them. A write whose answer is lost is
 * `unavailable` and may have been done.
 */
import { type Clock, OperatingError } from '@plumb/base';
import * as check from '../check-request.ts';
import { compactedError } from '../history.ts';
import { rangeOfPrefix, toKeyRange } from '../key-range.ts';
import type { Entry, Kv, Lease } from '../kv.ts';
import type { RangeQuery, RangeResult } from '../range-query.ts';
import { compareKeys } from '../sorted-map.ts';
import { writeBackup } from '../write-backup.ts';
import { EtcdClient, type EtcdClientOptions } from './etcd-client.ts';
import { EtcdCodec, type EtcdHeader, type EtcdRange, toNumber } from './etcd-codec.ts';
import { hasReason } from './etcd-error.ts';
import { type EtcdTransaction, transactionRequest, transactionResult } from './etcd-transaction.ts';
import { type EtcdWatchSource, watchEtcdHistory, watchEtcdState } from './etcd-watch.ts';

/** Entries that a backup reads at a time: some megabytes, as long as values are small. */
const PAGE_ENTRIES = 1_000;
/** The greatest id of a lease: 2⁶³ - 1. */
const LEASE_ID_MAX = 2n ** 63n - 1n;

export type EtcdKvOptions = EtcdClientOptions & {
  readonly clock: Clock;
  /** Before every key, such as `plumb/`; others of the cluster keep out of it. Default none. */
  readonly prefix?: string | undefined;
};

/** Asks the cluster where it is, and holds no data. @throws OperatingError `unavailable` or `denied`. */
export async function openEtcdKv({ clock, prefix = '', ...options }: EtcdKvOptions): Promise<Kv> {
  const kv = new EtcdKv(new EtcdClient(options), new EtcdCodec(prefix), clock);
  try {
    await kv.range({ start: '', countOnly: true });
    return kv;
  } catch (error) {
    await kv[Symbol.asyncDispose]();
    throw error;
  }
}

type LeaseAnswer = {
  readonly header?: EtcdHeader;
  readonly ID?: string;
  readonly TTL?: string;
  readonly grantedTTL?: string;
};

class EtcdKv implements Kv {
  readonly #client: EtcdClient;
  readonly #codec: EtcdCodec;
  readonly #source: EtcdWatchSource;
  readonly #closed = new AbortController();
  /** Calls that are under way. */
  readonly #calls = new Set<Promise<unknown>>();
  #revision = 0;
  #closing: Promise<void> | undefined;

  constructor(client: EtcdClient, codec: EtcdCodec, clock: Clock) {
    this.#client = client;
    this.#codec = codec;
    const onRevision = (revision: number): void => void (this.#revision = Math.max(this.#revision, revision));
    const snapshot: EtcdWatchSource['snapshot'] = async (range) => {
      const { revision, entries } = await this.#read(range);
      return { kind: 'snapshot', revision, entries };
    };
    this.#source = { client, codec, clock, onRevision, snapshot };
  }

  readonly revision: Kv['revision'] = () => this.#revision;

  readonly get: Kv['get'] = async (key) => {
    const { kvs = [] } = await this.#call<EtcdRange>('kv/range', { key: this.#codec.key(key) });
    return kvs[0] === undefined ? undefined : this.#codec.entry(kvs[0]);
  };

  readonly list: Kv['list'] = async (prefix) => {
    check.checkPrefix(prefix);
    const { revision, entries } = await this.#read(rangeOfPrefix(prefix));
    return { revision, entries };
  };

  readonly range: Kv['range'] = async (query) => {
    check.checkQuery(query);
    return this.#read(query);
  };

  readonly transact: Kv['transact'] = async (operations, { compare = [], otherwise } = {}) => {
    check.checkTransaction(operations, compare, otherwise);
    const request = transactionRequest(this.#codec, operations, compare, otherwise);
    try {
      const answer = await this.#call<EtcdTransaction>('kv/txn', request);
      return transactionResult(this.#codec, answer, operations, compare, otherwise);
    } catch (cause) {
      if (!hasReason(cause, 'lease-not-found')) throw cause;
      throw new OperatingError('invalid', 'a key was not put: its lease has ended; grant another', { cause });
    }
  };

  readonly watch: Kv['watch'] = (range, { signal }) => {
    check.checkRange(range);
    this.#checkOpen();
    return watchEtcdState(this.#source, toKeyRange(range), AbortSignal.any([signal, this.#closed.signal]));
  };

  readonly watchFrom: Kv['watchFrom'] = (range, options) => {
    check.checkRange(range);
    check.checkRevision(options.fromRevision);
    this.#checkOpen();
    const signal = AbortSignal.any([options.signal, this.#closed.signal]);
    return watchEtcdHistory(this.#source, toKeyRange(range), { ...options, signal });
  };

  readonly compact: Kv['compact'] = async (revision) => {
    check.checkRevision(revision);
    try {
      // etcd forgets by itself what a compaction to 0 would ask for.
      if (revision > 0) await this.#call('kv/compaction', { revision: String(revision) });
    } catch (error) {
      if (!hasReason(error, 'compacted')) throw error;
    }
  };

  readonly grantLease: Kv['grantLease'] = async (ttlMs, { leaseId } = {}) => {
    check.checkLease(ttlMs, leaseId);
    if (leaseId !== undefined) checkLeaseId(leaseId);
    const answer = await this.#call<LeaseAnswer>('lease/grant', {
      TTL: String(Math.ceil(ttlMs / 1_000)),
      ID: leaseId ?? '0',
    });
    return toLease(answer);
  };

  readonly keepAlive: Kv['keepAlive'] = async (leaseId) => {
    checkLeaseId(leaseId);
    const { result = {} } = await this.#call<{ readonly result?: LeaseAnswer }>('lease/keepalive', { ID: leaseId });
    if (toNumber(result.TTL) > 0) return toLease(result);
    throw new OperatingError('not-found', `the lease ${leaseId} has ended: grant another and put its keys again`);
  };

  readonly revokeLease: Kv['revokeLease'] = async (leaseId) => {
    checkLeaseId(leaseId);
    try {
      await this.#call('lease/revoke', { ID: leaseId });
    } catch (error) {
      if (!hasReason(error, 'lease-not-found')) throw error;
    }
  };

  readonly getLease: Kv['getLease'] = async (leaseId) => {
    checkLeaseId(leaseId);
    const answer = await this.#call<LeaseAnswer & { readonly keys?: readonly string[] }>('lease/timetolive', {
      ID: leaseId,
      keys: true,
    });
    const remainingMs = toNumber(answer.TTL) * 1_000;
    if (remainingMs < 0) return undefined;
    const keys = (answer.keys ?? []).filter((key) => this.#codec.has(key)).map((key) => this.#codec.keyOf(key));
    return { leaseId, ttlMs: toNumber(answer.grantedTTL) * 1_000, remainingMs, keys: keys.sort(compareKeys) };
  };

  readonly listLeases: Kv['listLeases'] = async () => {
    const { leases = [] } = await this.#call<{ readonly leases?: readonly LeaseAnswer[] }>('lease/leases', {});
    return leases.map(({ ID = '' }) => ID);
  };

  readonly backup: Kv['backup'] = async (file) => {
    const { revision } = await this.range({ start: '', countOnly: true });
    const leases: Lease[] = [];
    for (const leaseId of await this.listLeases()) {
      const lease = await this.getLease(leaseId);
      if (lease !== undefined) leases.push({ leaseId, ttlMs: lease.ttlMs });
    }
    // etcd's history stays with it: what is restored begins its own.
    return writeBackup(file, {
      revision,
      oldestRevision: revision + 1,
      leases,
      entries: this.#pages(revision),
      changes: [],
    });
  };

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await Promise.allSettled(this.#calls);
    this.#client[Symbol.dispose]();
  }

  async #read(query: RangeQuery): Promise<RangeResult> {
    const { revision } = query;
    // etcd takes 0 for the current one; no etcd is at revision 0.
    if (revision === 0) throw compactedError(0, undefined);
    const at = revision === undefined ? {} : { revision: String(revision) };
    try {
      const answer = await this.#call<EtcdRange>('kv/range', { ...this.#codec.selection(query), ...at });
      return { revision: revision ?? toNumber(answer.header?.revision), ...this.#codec.rangeResult(answer, query) };
    } catch (error) {
      if (hasReason(error, 'compacted')) throw compactedError(revision ?? 0, undefined);
      throw error;
    }
  }

  /** All entries at one revision, in key order. */
  async *#pages(revision: number): AsyncGenerator<Entry, void, undefined> {
    for (let start: string | undefined = ''; start !== undefined;) {
      const page: RangeResult = await this.#read({ start, revision, limit: PAGE_ENTRIES });
      yield* page.entries;
      start = page.more ? `${page.entries.at(-1)?.key ?? ''}\0` : undefined;
    }
  }

  async #call<T extends object>(path: string, body: object): Promise<T> {
    this.#checkOpen();
    const calling = this.#client.call<T>(path, body);
    this.#calls.add(calling);
    try {
      const answer = await calling;
      const { revision } = (answer as { readonly header?: EtcdHeader }).header ?? {};
      this.#source.onRevision(toNumber(revision));
      return answer;
    } finally {
      this.#calls.delete(calling);
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new OperatingError('unavailable', 'the store is closed: open it again');
  }
}

function toLease({ ID = '', TTL }: LeaseAnswer): Lease {
  return { leaseId: ID, ttlMs: toNumber(TTL) * 1_000 };
}

function checkLeaseId(leaseId: string): void {
  if (/^[1-9]\d{0,18}$/.test(leaseId) && BigInt(leaseId) <= LEASE_ID_MAX) return;
  throw new OperatingError('invalid', `the id of a lease in etcd is a number from 1 to 2^63 - 1, not "${leaseId}"`);
}
