/** The bounds that both sides of a connection share. Each says what happens there. */

/** Calls and streams that one connection may have running; the next is refused with `exhausted`. A burst of ten thousand fits; at about 1 KB each it is 16 MB. */
export const CALLS_IN_FLIGHT_MAX = 16_384;

/** How long a unary call waits for its answer unless the caller says otherwise. */
export const CALL_TIMEOUT_MS = 10_000;

/** One encoded message. A greater one is refused by the sender, and closes the channel where a peer sends it anyway. */
export const MESSAGE_SIZE_BYTES_MAX = 8 * 2 ** 20;

/** Items of one stream that may be on their way before the reader asks for more: enough to hide a round trip. */
export const STREAM_CREDIT_ITEMS = 512;

/**
 * A larger item takes one credit for each of these pieces, so the items that one stream has on their way are at most
 * 1 MiB and one item, by a rough count.
 */
export const STREAM_PIECE_BYTES = 2_048;

/** Items that one stream sends in a turn; then other calls and I/O have theirs. About a third of a millisecond. */
export const STREAM_TURN_ITEMS = 64;

/** The most credit that a stream may hold, so that a peer cannot count it out of range. */
export const STREAM_CREDIT_ITEMS_MAX = 65_536;

/** Messages that wait for a channel's first receiver; one more closes the channel. */
export const INBOX_MESSAGES_MAX = 1_024;

/** Faults of one input that the error lists: enough to correct a form, too few to flood a log. */
export const ISSUES_MAX = 10;

/** Characters of one fault's text, since validators quote what they were given. */
export const ISSUE_LENGTH_MAX = 200;

/** `service.method` with its nested objects. */
export const METHOD_NAME_LENGTH_MAX = 200;

/** Functions and streams in the input of one call; more are refused with `exhausted`. An object of callbacks fits. */
export const REFERENCES_PER_CALL_MAX = 64;

/** Streams among them: what their reader has not read is up to 1 MiB each. More are refused with `exhausted`. */
export const STREAMS_PER_CALL_MAX = 16;

/** Streams that the calls of one connection bring, all together; a call that brings more is refused with `exhausted`. */
export const STREAMS_PER_CONNECTION_MAX = 256;

/** Calls of one call's references that run at a time; the next is refused with `exhausted`. */
export const REFERENCE_CALLS_MAX = 1_024;

/** Tries of one call, the first included: each is a connection that was lost or a server that refused it. */
export const CALL_ATTEMPTS_MAX = 5;

/** What tells one logical call from another of the same caller: room for a UUID and more. */
export const CALL_KEY_LENGTH_MAX = 64;

/** Longer delays than this are no delay at all to `setTimeout`: a deadline so far away is none. About 24 days. */
export const DEADLINE_MS_MAX = 2 ** 31 - 1;
