/** The bounds of the store. What callers ask for is checked against them in `check-request.ts`. */

/** Bytes of UTF-8 in a key: a deep path of names fits, and a key never dominates its value. */
export const KEY_SIZE_BYTES_MAX = 1_024;
/** Bytes of a value: larger things are files or assets, and every watcher would be sent them. */
export const VALUE_SIZE_BYTES_MAX = 1_048_576;
/** Operations, and conditions, of one transaction: an application with all its services is a few dozen. */
export const TRANSACTION_OPERATIONS_MAX = 1_024;
/** Bytes of keys and values that one transaction puts: it is held in memory a few times over while it is written. */
export const TRANSACTION_SIZE_BYTES_MAX = 8 * 1_048_576;
/** Transactions that wait for the disk: beyond it the disk is too slow for the load, and waiting longer does not help. */
export const PENDING_TRANSACTIONS_MAX = 10_000;
/** Bytes that those transactions put. */
export const PENDING_SIZE_BYTES_MAX = 32 * 1_048_576;
/** Bytes after which a group commit takes no further transaction, so that one write stays short. */
export const GROUP_SIZE_BYTES_MAX = 4 * 1_048_576;
/** Bytes of all keys and values: the whole store is kept in memory. */
export const STORE_SIZE_BYTES_MAX = 512 * 1_048_576;
/** Changed keys that a slow watcher may fall behind before it is sent a new snapshot instead. */
export const WATCH_QUEUE_MAX = 4_096;
/** Between progress marks of a watch: a reader that resumes from the last one repeats at most what that time brought. */
export const WATCH_PROGRESS_PERIOD_MS = 1_000;
/** Changes that are kept: some minutes of a busy store, for whoever reconnects. */
export const HISTORY_REVISIONS_MAX = 100_000;
/** Bytes of what kept changes replaced, with the objects that hold it: a small part of a process at rest. */
export const HISTORY_SIZE_BYTES_MAX = 8 * 1_048_576;
/** Bytes of UTF-8 in the id of a lease: a UUID with a name before it. */
export const LEASE_ID_SIZE_BYTES_MAX = 64;
/** Leases at a time: one for each instance of a large installation, a hundred times over. */
export const LEASES_MAX = 100_000;
/** The longest delay of a JavaScript timer, 24.8 days. */
export const LEASE_TTL_MS_MAX = 2 ** 31 - 1;
