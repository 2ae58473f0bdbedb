/** The bounds of publish and subscribe. Each says what happens there. */

/** A longer topic is refused with `invalid`: topics are names, kept once for each reader. */
export const TOPIC_LENGTH_MAX = 256;

/** Prefixes of one subscription: each change is compared with all of them. More are refused with `invalid`. */
export const PREFIXES_MAX = 64;

/** One value, by a rough count. With its batch, and as JSON with every character escaped, it still fits in a message. */
export const VALUE_BYTES_MAX = 2 ** 20;

/** Topics that keep a value; `publish` of one more is `exhausted`. A snapshot of so many is made in some 10 ms. */
export const TOPICS_MAX = 65_536;

/** Topics and values of the state, by a rough count; `publish` beyond it is `exhausted`. */
export const STATE_BYTES_MAX = 64 * 2 ** 20;

/** Changes that a reader may fall behind before it gets a snapshot instead: some seconds of a busy publisher. */
export const LOG_ENTRIES_MAX = 65_536;

/** The same in bytes, by a rough count. */
export const LOG_BYTES_MAX = 16 * 2 ** 20;

/** Entries of one item of a feed, and roughly its bytes: large enough to cost little, small enough to be sent between calls. */
export const BATCH_ENTRIES_MAX = 1_024;
export const BATCH_BYTES_MAX = 128 * 2 ** 10;

/** Batches that are kept so that other readers get the same bytes; the oldest go first, and are made again for who needs them. */
export const SHARED_BATCH_BYTES_MAX = 4 * 2 ** 20;

/** States whose parts are being read, as a multiple of the state's own bound. Beyond it the oldest goes, and its readers begin again. */
export const SHARED_SNAPSHOTS_MAX = 4;

/** Feeds of one publisher at a time, as many as a door has connections; the next is refused with `exhausted`. */
export const FEEDS_MAX = 4_096;

/** A reader that was told nothing in this time is told how far it is: so it notices the loss of a last update. */
export const MARK_EVERY_MS = 2_000;

/** A feed without an item, though marks are due, is opened again after this many of their periods. */
export const MARKS_MISSED_MAX = 4;
