/** The store over any engine: what `kv.ts` promises, put together from its parts. */
import { assert, type Clock, newId, OperatingError } from '@plumb/base';
import { CommitQueue } from './commit-queue.ts';
import type { KvEngine } from './kv-engine.ts';
import { KvState } from './kv-state.ts';
import type { Kv, Lease, WatchEvent } from './kv.ts';
import { LeaseTimers } from './lease-timers.ts';
import * as limits from './limits.ts';
import { FORMAT_VERSION, formatRevision, formatVersion, parseRecord } from './record.ts';
import { WatchHub } from './watch-hub.ts';

export type KvOptions = {
  readonly clock: Clock;
  /** Default `WATCH_QUEUE_MAX`. */
  readonly watchQueueMax?: number | undefined;
  /** Default `STORE_SIZE_BYTES_MAX`. */
  readonly storeSizeBytesMax?: number | undefined;
};

/**
 * Reads everything from `engine` and owns it from then on; if that fails, it is closed. Leases of an earlier run have
 * their whole time to live again.
 * @throws OperatingError `invalid` for a format of a later version, `internal` that names a damaged record.
 */
export async function openKv(engine: KvEngine, options: KvOptions): Promise<Kv> {
  try {
    const state = await loadState(engine);
    return createKv(engine, state, options);
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

async function loadState(engine: KvEngine): Promise<KvState> {
  const state = new KvState();
  let version: number | undefined;
  for await (const records of engine.load()) {
    for (const bytes of records) {
      if (version === undefined && parseRecord(bytes).kind !== 'format') throw noVersion();
      const record = parseRecord(bytes);
      if (record.kind === 'format') version = checkVersion(record.version);
      else if (record.kind === 'revision') state.revision = record.revision;
      else if (record.kind === 'lease') state.leases.set(record.lease.leaseId, record.lease);
      else state.store(record.entry.key, record.entry);
    }
  }
  if (version === undefined) await engine.write([formatVersion(FORMAT_VERSION), formatRevision(0)]);
  return state;
}

function noVersion(): OperatingError {
  return new OperatingError(
    'internal',
    'the store has records but no format: restore the data directory from a backup',
  );
}

function checkVersion(version: number): number {
  if (version === FORMAT_VERSION) return version;
  const found = `the store has format ${version}, and this Plumb reads format ${FORMAT_VERSION}`;
  throw new OperatingError('invalid', `${found}: start the version of Plumb that wrote it, or restore a backup`);
}

function createKv(engine: KvEngine, state: KvState, options: KvOptions): Kv {
  const { clock, watchQueueMax = limits.WATCH_QUEUE_MAX, storeSizeBytesMax = limits.STORE_SIZE_BYTES_MAX } = options;
  assert(watchQueueMax > 0, 'a watcher can hold at least one changed key');
  const snapshot = (prefix: string): WatchEvent => ({ kind: 'snapshot', ...list(prefix) });
  const list = (prefix: string) => ({ revision: state.revision, entries: state.list(prefix) });
  const hub = new WatchHub({ queueMax: watchQueueMax, snapshot });
  const queue = new CommitQueue({ engine, state, storeSizeBytesMax, onChange: (change) => hub.publish(change) });
  const revoke = async (leaseId: string): Promise<void> => {
    await queue.submit({ kind: 'revoke-lease', leaseId }, 0);
    leases.stop(leaseId);
  };
  const leases = new LeaseTimers(clock, revoke);
  for (const lease of state.leases.values()) leases.start(lease);

  let closing: Promise<void> | undefined;
  const checkOpen = (): void => {
    if (closing !== undefined) throw new OperatingError('unavailable', 'the store is closed: open it again');
  };
  const close = async (): Promise<void> => {
    leases.close();
    hub.close();
    try {
      await queue.drain();
    } finally {
      await engine[Symbol.asyncDispose]();
    }
  };

  return {
    revision: () => state.revision,
    get: async (key) => {
      checkOpen();
      return state.get(key);
    },
    list: async (prefix) => {
      checkOpen();
      limits.checkPrefix(prefix);
      return list(prefix);
    },
    transact: async (operations, { compare = [] } = {}) => {
      checkOpen();
      const sizeBytes = limits.checkTransaction(operations, compare);
      // Copied: the caller may reuse its buffer, and a small view would keep a large one alive.
      const own = operations.map((operation) =>
        operation.kind === 'put' ? { ...operation, value: new Uint8Array(operation.value) } : operation,
      );
      return queue.submit({ kind: 'transact', operations: own, compare: [...compare] }, sizeBytes);
    },
    watch: (prefix, { signal }) => {
      checkOpen();
      limits.checkPrefix(prefix);
      return hub.watch(prefix, signal);
    },
    grantLease: async (ttlMs) => {
      checkOpen();
      checkLease(ttlMs, state.leases.size);
      const lease: Lease = { leaseId: newId(clock.now()), ttlMs };
      await queue.submit({ kind: 'grant-lease', lease }, 0);
      if (closing === undefined) leases.start(lease);
      return lease;
    },
    keepAlive: async (leaseId) => {
      checkOpen();
      if (leases.keepAlive(leaseId)) return;
      throw new OperatingError('not-found', `the lease ${leaseId} has ended: grant another and put its keys again`);
    },
    revokeLease: async (leaseId) => {
      checkOpen();
      await revoke(leaseId);
    },
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

function checkLease(ttlMs: number, count: number): void {
  if (!Number.isInteger(ttlMs) || ttlMs < 1 || ttlMs > limits.LEASE_TTL_MS_MAX) {
    const range = `a lease lives 1 to ${limits.LEASE_TTL_MS_MAX} whole milliseconds`;
    throw new OperatingError('invalid', `${range}, not ${ttlMs}`);
  }
  if (count >= limits.LEASES_MAX) {
    throw new OperatingError('exhausted', `there are ${count} leases, the most there can be: let some end`);
  }
}
