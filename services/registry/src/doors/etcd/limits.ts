/** The bounds of the door, beside those of the store. What is above is refused, unless it says otherwise. */

/** Operations in each branch of a transaction, and its conditions: what etcd itself takes unless it is told otherwise. */
export const TXN_OPERATIONS_MAX = 128;
/** Bytes of a request: a value of the largest size (1 MiB), also in base64 (4/3), with its key and more. */
export const REQUEST_SIZE_BYTES_MAX = 2 * 1_048_576;
/** Of one that is answered before the caller is known, which is a name and a password. */
export const OPEN_REQUEST_SIZE_BYTES_MAX = 16_384;
/** Seconds; shorter ones are given these, as etcd does: clients renew at a third of it, and some look twice a second. */
export const LEASE_TTL_SECONDS_MIN = 2;
/** Watches on one stream: all clients of a program share one, so it is a program's. */
export const STREAM_WATCHES_MAX = 10_000;
/** Watches of all streams together: each takes some kilobytes. */
export const WATCHES_MAX = 50_000;
/** A watch answers in pieces of this size where its reader asked for pieces: what gRPC takes by default is 4 MiB. */
export const FRAGMENT_SIZE_BYTES = 1_048_576;
/** Requests that wait on a stream for the one before: a client that does not read is no reason to hold more. */
export const STREAM_REQUESTS_MAX = 1_000;
/** Clients of one small installation, each with one connection or two; beyond it new ones are refused. */
export const CONNECTIONS_MAX = 1_000;
/** Calls at a time on one connection: clients that watch keep one, others come and go. */
export const CONNECTION_CALLS_MAX = 1_000;
/** For the first bytes, and for the head of a request: a client that connects has something to ask. */
export const HEAD_TIMEOUT_MS = 10_000;
/** For a whole request over HTTP/1 that is not a stream. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Between pings on connections of gRPC, and for the answer: a machine that vanished holds its watches no longer. */
export const PING_PERIOD_MS = 30_000;
export const PING_TIMEOUT_MS = 10_000;
