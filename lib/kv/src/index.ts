export {
  type Attachment,
  type Collection,
  type CollectionEvent,
  type Condition,
  createCollection,
  type Item,
  type PutOutcome,
} from './collection.ts';
export type { EngineRecord, EngineWrite, KvEngine } from './kv-engine.ts';
export { isInRange, type KeyRange, rangeOfKey, rangeOfPrefix, toKeyRange } from './key-range.ts';
export type { BackupSummary, Entry, Key, Kv, Lease, LeaseStatus } from './kv.ts';
export {
  HISTORY_REVISIONS_MAX,
  HISTORY_SIZE_BYTES_MAX,
  KEY_SIZE_BYTES_MAX,
  LEASE_ID_SIZE_BYTES_MAX,
  LEASE_TTL_MS_MAX,
  LEASES_MAX,
  PENDING_SIZE_BYTES_MAX,
  PENDING_TRANSACTIONS_MAX,
  STORE_SIZE_BYTES_MAX,
  TRANSACTION_OPERATIONS_MAX,
  TRANSACTION_SIZE_BYTES_MAX,
  VALUE_SIZE_BYTES_MAX,
  WATCH_PROGRESS_PERIOD_MS,
  WATCH_QUEUE_MAX,
} from './limits.ts';
export { createMemoryEngine, type MemoryRecords, openMemoryKv } from './memory-engine.ts';
export { type KvOptions, openKv } from './open-kv.ts';
export type {
  Compare,
  CompareOperator,
  CompareTarget,
  Operation,
  OperationResponse,
  TransactionOptions,
  TransactionResult,
} from './operation.ts';
export { checkBackup } from './read-backup.ts';
export type { RangeQuery, RangeResult, RangeSelection } from './range-query.ts';
export type {
  ChangeEvent,
  CompactedEvent,
  HistoryEvent,
  HistoryWatchOptions,
  ProgressEvent,
  SnapshotEvent,
  WatchEvent,
  WatchOptions,
} from './watch-event.ts';
