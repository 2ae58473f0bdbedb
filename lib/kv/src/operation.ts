/** What a transaction is made of: conditions, operations, and what each of them answers. */
import type { KeyRange } from './key-range.ts';
import type { Entry, Key } from './kv.ts';
import type { RangeResult, RangeSelection } from './range-query.ts';

export type CompareOperator = '=' | '!=' | '<' | '>';

/**
 * A condition. The short form is `mod =`; `modRevision: 0` means that the key is absent. Over a `range`, it holds when
 * it holds for every key in it.
 *
 * An absent key, and an empty range, compare as 0 in `version`, `create` and `mod` and as '' in `lease`; no comparison of
 * their `value` holds. Values compare by their bytes; lease ids by their length, then bytes, as decimal numbers do; '' is
 * an entry without a lease.
 */
export type Compare =
  | { readonly key: Key; readonly modRevision: number }
  | (({ readonly key: Key } | { readonly range: KeyRange }) & CompareTarget);

export type CompareTarget = { readonly operator: CompareOperator } & (
  | { readonly target: 'value'; readonly value: Uint8Array }
  | { readonly target: 'version' | 'create' | 'mod'; readonly value: number }
  | { readonly target: 'lease'; readonly value: string }
);

/** Each sees what those before it in the transaction did. `previous` asks for what was there, in the response. */
export type Operation =
  | {
      readonly kind: 'put';
      readonly key: Key;
      readonly value: Uint8Array;
      readonly leaseId?: string | undefined;
      /** What stays as the key has it, whatever is given here; then the key must be there. */
      readonly keeps?: readonly ('value' | 'lease')[] | undefined;
      readonly previous?: boolean | undefined;
    }
  | { readonly kind: 'delete'; readonly key: Key; readonly previous?: boolean | undefined }
  | { readonly kind: 'delete-prefix'; readonly prefix: string; readonly previous?: boolean | undefined }
  | ({ readonly kind: 'delete-range'; readonly previous?: boolean | undefined } & KeyRange)
  | { readonly kind: 'get'; readonly key: Key }
  | ({ readonly kind: 'range' } & RangeSelection);

export type OperationResponse =
  | { readonly kind: 'put'; readonly previous?: Entry | undefined }
  /** How many keys were there, and, if asked for, what they held, in key order. */
  | { readonly kind: 'delete'; readonly count: number; readonly previous?: readonly Entry[] | undefined }
  | { readonly kind: 'get'; readonly entry: Entry | undefined }
  | ({ readonly kind: 'range' } & Omit<RangeResult, 'revision'>);

export type TransactionOptions = {
  /** All must hold for the operations to apply. */
  readonly compare?: readonly Compare[] | undefined;
  /** What applies instead when they do not hold; without it, the result is a `conflict`. */
  readonly otherwise?: readonly Operation[] | undefined;
};

export type TransactionResult =
  | {
      readonly kind: 'committed';
      /** Of the change, or the current one when nothing was changed. */
      readonly revision: number;
      /** False when the conditions did not hold, and `otherwise` was applied. */
      readonly succeeded: boolean;
      /** One for each operation that was applied, in their order. */
      readonly responses: readonly OperationResponse[];
    }
  /**
   * A condition did not hold; nothing was changed. `key` is the first for which it did not, the range's start when the
   * range is empty, and `current` is what it holds.
   */
  | { readonly kind: 'conflict'; readonly key: Key; readonly current: Entry | undefined };
