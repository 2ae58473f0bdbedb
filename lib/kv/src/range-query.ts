/** What can be asked of a range of keys, and the answer. */
import type { KeyRange } from './key-range.ts';
import type { Entry } from './kv.ts';

export type RangeSelection = KeyRange & {
  /** At most so many entries, a positive whole number. Without it, all. */
  readonly limit?: number | undefined;
  /** Default `ascending`. */
  readonly order?: 'ascending' | 'descending' | undefined;
  /** Default `key`. Any other costs the whole range, also with a limit; what is equal is in key order. */
  readonly sortBy?: 'key' | 'version' | 'create' | 'mod' | 'value' | undefined;
  /** Entries come with empty values. */
  readonly keysOnly?: boolean | undefined;
  /** No entries come, only their count. */
  readonly countOnly?: boolean | undefined;
};

export type RangeQuery = RangeSelection & {
  /** The state to read: that after the change of this revision. Default the current one. */
  readonly revision?: number | undefined;
};

export type RangeResult = {
  /** Of the state that was read. */
  readonly revision: number;
  readonly entries: readonly Entry[];
  /** Of all keys in the range, with or without a limit. */
  readonly count: number;
  /** There are entries beyond the limit. */
  readonly more: boolean;
};
