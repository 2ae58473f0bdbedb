/** The store over any engine: what `kv.ts` promises, put together from its parts. */
import { assert, type Clock, newId, OperatingError } from '@plumb/base';
import * as check from './check-request.ts';
import { CommitQueue } from './commit-queue.ts';
import { GroupWriter } from './group-writer.ts';
import { History, type HistoryBounds } from './history.ts';
import { rangeOfPrefix, toKeyRange } from './key-range.ts';
import type { KvEngine } from './kv-engine.ts';
import type { KvState } from './kv-state.ts';
import type { Kv, Lease } from './kv.ts';
import { LeaseTimers } from './lease-timers.ts';
import * as limits from './limits.ts';
import { type LoadedState, loadState } from './load-state.ts';
import type { Operation } from './operation.ts';
import { readRange } from './read-range.ts';
import { compareKeys } from './sorted-map.ts';
import { watchHistory, type WatchSource, watchState } from './watch.ts';
import { WatchHub } from './watch-hub.ts';
import { writeBackup } from './write-backup.ts';

export type KvOptions = {
  readonly clock: Clock;
  /** Default `WATCH_QUEUE_MAX`. */
  readonly watchQueueMax?: number | undefined;
  /** Default `STORE_SIZE_BYTES_MAX`. */
  readonly storeSizeBytesMax?: number | undefined;
  /** Default `HISTORY_REVISIONS_MAX`. */
  readonly historyRevisionsMax?: number | undefined;
  /** Default `HISTORY_SIZE_BYTES_MAX`. */
  readonly historySizeBytesMax?: number | undefined;
};

/**
 * Reads everything from `engine` and owns it from then on; if that fails, it is closed. Leases of an earlier run have
 * their whole time to live again.
 * @throws OperatingError `invalid` for a format of a later version, `internal` that names a damaged record.
 */
export async function openKv(engine: KvEngine, options: KvOptions): Promise<Kv> {
  try {
    return createKv(engine, await loadState(engine), options);
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

function createKv(engine: KvEngine, loaded: LoadedState, options: KvOptions): Kv {
  const { clock, watchQueueMax = limits.WATCH_QUEUE_MAX, storeSizeBytesMax = limits.STORE_SIZE_BYTES_MAX } = options;
  assert(watchQueueMax > 0, 'a watcher can hold at least one changed key');
  const { state, pieces } = loaded;
  const history = createHistory(loaded, options);
  const hub = new WatchHub();
  const writer = new GroupWriter({ engine, state, history, pieces });
  const queue = new CommitQueue({
    writer,
    state,
    history,
    storeSizeBytesMax,
    onChange: (change) => hub.publish(change),
  });
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
    hub.wakeAll();
    try {
      await queue.drain();
    } finally {
      await engine[Symbol.asyncDispose]();
    }
  };
  const isClosed = (): boolean => closing !== undefined;
  const source: WatchSource = { state, history, hub, clock, queueMax: watchQueueMax, isClosed };

  return {
    revision: () => state.revision,
    get: async (key) => {
      checkOpen();
      return state.get(key);
    },
    list: async (prefix) => {
      checkOpen();
      check.checkPrefix(prefix);
      return { revision: state.revision, entries: [...state.range(rangeOfPrefix(prefix))] };
    },
    range: async (query) => {
      checkOpen();
      check.checkQuery(query);
      const revision = query.revision ?? state.revision;
      return { revision, ...readRange(history.viewAt(state, revision, query), query) };
    },
    transact: async (operations, { compare = [], otherwise } = {}) => {
      checkOpen();
      const sizeBytes = check.checkTransaction(operations, compare, otherwise);
      const own = { operations: operations.map(copyOperation), otherwise: otherwise?.map(copyOperation) };
      return queue.submit({ kind: 'transact', ...own, compare: [...compare] }, sizeBytes);
    },
    watch: (range, watchOptions) => {
      checkOpen();
      check.checkRange(range);
      return watchState(source, toKeyRange(range), watchOptions);
    },
    watchFrom: (range, watchOptions) => {
      checkOpen();
      check.checkRange(range);
      check.checkRevision(watchOptions.fromRevision);
      return watchHistory(source, toKeyRange(range), watchOptions);
    },
    compact: async (revision) => {
      checkOpen();
      check.checkRevision(revision);
      await queue.submit({ kind: 'compact', revision }, 0);
    },
    grantLease: async (ttlMs, { leaseId = newId(clock.now()) } = {}) => {
      checkOpen();
      check.checkLease(ttlMs, leaseId);
      checkLeaseCount(state);
      const lease: Lease = { leaseId, ttlMs };
      await queue.submit({ kind: 'grant-lease', lease }, 0);
      if (closing === undefined) leases.start(lease);
      return lease;
    },
    keepAlive: async (leaseId) => {
      checkOpen();
      const ttlMs = leases.keepAlive(leaseId);
      if (ttlMs !== undefined) return { leaseId, ttlMs };
      throw new OperatingError('not-found', `the lease ${leaseId} has ended: grant another and put its keys again`);
    },
    revokeLease: async (leaseId) => {
      checkOpen();
      await revoke(leaseId);
    },
    getLease: async (leaseId) => {
      checkOpen();
      const lease = state.lease(leaseId);
      if (lease === undefined) return undefined;
      const keys = [...state.keysOfLease(leaseId)].sort(compareKeys);
      return { ...lease, remainingMs: leases.remainingMs(leaseId), keys };
    },
    listLeases: async () => {
      checkOpen();
      return [...state.leases.keys()];
    },
    backup: async (file) => {
      checkOpen();
      // Entries, leases and changes are never written to, so these lists are the state of this moment.
      return writeBackup(file, {
        revision: state.revision,
        oldestRevision: history.oldestRevision,
        leases: [...state.leases.values()],
        entries: [...state.range({ start: '' })],
        changes: history.list(),
      });
    },
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

function createHistory({ oldestRevision, changes }: LoadedState, options: KvOptions): History {
  const bounds: HistoryBounds = {
    revisionsMax: options.historyRevisionsMax ?? limits.HISTORY_REVISIONS_MAX,
    sizeBytesMax: options.historySizeBytesMax ?? limits.HISTORY_SIZE_BYTES_MAX,
  };
  const history = new History(bounds);
  history.compact(oldestRevision);
  for (const change of changes) history.append(change);
  return history;
}

/** Copied: the caller may reuse its buffer, and a small view would keep a large one alive. */
function copyOperation(operation: Operation): Operation {
  return operation.kind === 'put' ? { ...operation, value: new Uint8Array(operation.value) } : operation;
}

function checkLeaseCount({ leases }: KvState): void {
  if (leases.size < limits.LEASES_MAX) return;
  throw new OperatingError('exhausted', `there are ${leases.size} leases, the most there can be: let some end`);
}
