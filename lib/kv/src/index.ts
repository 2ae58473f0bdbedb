export type { Compare, Entry, Key, Kv, Lease, Operation, TransactionResult, WatchEvent } from './kv.ts';
