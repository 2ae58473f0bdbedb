/** The bounds of the door. Beyond one, the caller is refused at once and told so. */

/** Bytes of a value: Consul's own default. */
export const KV_VALUE_SIZE_BYTES_MAX = 524_288;
/** Bytes of a key: the store's keys have 1,024, and a lock names the key and a session. */
export const KV_KEY_SIZE_BYTES_MAX = 512;
/** Operations of a transaction: Consul's own. */
export const TXN_OPERATIONS_MAX = 64;
/** Entries that the trees of one transaction hold together: each is a condition of the store's transaction. */
export const TXN_TREE_ENTRIES_MAX = 768;
/** Bytes of a body: a value, or a transaction's, as base64 in JSON. */
export const BODY_SIZE_BYTES_MAX = 1_048_576;
/** Queries that wait for a change at a time: one a service for a large Prometheus, or one a program of a large team. */
export const BLOCKING_QUERIES_MAX = 4_096;
/** Consul's own default and bound. */
export const WAIT_DEFAULT_MS = 300_000;
export const WAIT_MS_MAX = 600_000;
/** Queries that began together end apart: up to this part of the wait is added, as Consul does. */
export const WAIT_JITTER = 1 / 16;
/** Deleted keys, and services that are gone, that still have an index of their own; older ones share one. */
export const TOMBSTONES_MAX = 10_000;
/** Services that were registered through the door, on all nodes. */
export const SERVICES_MAX = 10_000;
/** Checks of them. */
export const CHECKS_MAX = 10_000;
/** Nodes that were registered through the door. */
export const NODES_MAX = 1_000;
/** Bytes of a service's or check's definition as JSON: metadata for people, and no store of data. */
export const DEFINITION_SIZE_BYTES_MAX = 65_536;
/** Sessions at a time. Each is a lease in the store. */
export const SESSIONS_MAX = 10_000;
/** Consul's own. */
export const SESSION_TTL_MS_MIN = 10_000;
export const SESSION_TTL_MS_MAX = 86_400_000;
export const LOCK_DELAY_MS_DEFAULT = 15_000;
export const LOCK_DELAY_MS_MAX = 60_000;
/** A TTL is a lower bound; Consul waits twice as long, and programs such as Patroni count on it. */
export const SESSION_TTL_FACTOR = 2;
/** Keys whose lock is delayed; beyond it the one that was delayed first can be taken early. */
export const LOCK_DELAYS_MAX = 10_000;
/** Bytes of what a check says: Consul's own default. */
export const CHECK_OUTPUT_SIZE_BYTES_MAX = 4_096;
/** Checks that are asked at a time: they wait for others, and answer within their time-out. */
export const CHECKS_RUNNING_MAX = 32;
/** Consul's own. */
export const CHECK_TIMEOUT_MS_DEFAULT = 10_000;
export const CHECK_INTERVAL_MS_MIN = 1_000;
export const DEREGISTER_AFTER_MS_MIN = 60_000;
/** What a check says while its status stays the same is written this often: others than its owner rarely look. */
export const CHECK_OUTPUT_PERIOD_MS = 30_000;
/** Events that are remembered: Consul's own. */
export const EVENTS_MAX = 256;
/** Bytes of an event's payload: Consul's own bound of a gossip message. */
export const EVENT_PAYLOAD_SIZE_BYTES_MAX = 512;
/** How often a change is tried again when somebody else changed the same thing. */
export const WRITE_TRIES_MAX = 16;
