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
export type { Compare, Entry, Key, Kv, Lease, Operation, TransactionResult, WatchEvent } from './kv.ts';
export {
  KEY_SIZE_BYTES_MAX,
  LEASE_TTL_MS_MAX,
  LEASES_MAX,
  PENDING_SIZE_BYTES_MAX,
  PENDING_TRANSACTIONS_MAX,
  STORE_SIZE_BYTES_MAX,
  TRANSACTION_OPERATIONS_MAX,
  TRANSACTION_SIZE_BYTES_MAX,
  VALUE_SIZE_BYTES_MAX,
  WATCH_QUEUE_MAX,
} from './limits.ts';
export { createMemoryEngine, type MemoryRecords, openMemoryKv } from './memory-engine.ts';
export { type KvOptions, openKv } from './open-kv.ts';
