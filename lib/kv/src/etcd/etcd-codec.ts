/** Keys, entries and ranges as etcd's JSON has them: bytes in base64, 64-bit numbers as text, defaults left out. */
import { type KeyRange, rangeOfPrefix } from '../key-range.ts';
import type { Entry, Key } from '../kv.ts';
import type { RangeResult, RangeSelection } from '../range-query.ts';
import { selectEntries } from '../read-range.ts';
import { compareKeys } from '../sorted-map.ts';

export type EtcdHeader = { readonly revision?: string };
export type EtcdKeyValue = {
  readonly key?: string;
  readonly value?: string;
  readonly create_revision?: string;
  readonly mod_revision?: string;
  readonly version?: string;
  readonly lease?: string;
};
export type EtcdRange = {
  readonly header?: EtcdHeader;
  readonly kvs?: readonly EtcdKeyValue[];
  readonly count?: string;
};

/** Stands for "to the last key" as a range's end, and for "from the first key" as its start. */
const ZERO_BYTE = '\0';

/** Speaks of the keys under one prefix as if there were no others. */
export class EtcdCodec {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  key(key: Key): string {
    return toBase64(this.#prefix + key);
  }

  /** `key` and `range_end` of a range. */
  range({ start, end }: KeyRange): { readonly key: string; readonly range_end: string } {
    const key = this.#prefix + start || ZERO_BYTE;
    const isEmpty = end !== undefined && compareKeys(end, start) <= 0;
    // An empty range ends where it begins.
    const last = isEmpty ? key : end === undefined ? rangeOfPrefix(this.#prefix).end : this.#prefix + end;
    return { key: toBase64(key), range_end: toBase64(last ?? ZERO_BYTE) };
  }

  /** What to ask for, so that `rangeResult` can answer. */
  selection(selection: RangeSelection): object {
    const { limit, order, sortBy = 'key', keysOnly, countOnly } = selection;
    // etcd leaves open how equal ones are ordered, so what is not sorted by key is sorted here.
    if (sortBy !== 'key' && countOnly !== true) return this.range(selection);
    return {
      ...this.range(selection),
      ...(limit === undefined ? {} : { limit: String(limit) }),
      ...(order === 'descending' ? { sort_order: 'DESCEND', sort_target: 'KEY' } : {}),
      ...(keysOnly === true ? { keys_only: true } : {}),
      ...(countOnly === true ? { count_only: true } : {}),
    };
  }

  rangeResult({ kvs = [], count }: EtcdRange, selection: RangeSelection): Omit<RangeResult, 'revision'> {
    const { limit = Number.POSITIVE_INFINITY, countOnly } = selection;
    const total = toNumber(count);
    if (countOnly === true) return { entries: [], count: total, more: false };
    const entries = kvs.map((kv) => this.entry(kv));
    return { entries: selectEntries(entries, selection), count: total, more: total > limit };
  }

  entry({ key, value, create_revision, mod_revision, version, lease = '0' }: EtcdKeyValue): Entry {
    return {
      key: this.keyOf(key),
      value: new Uint8Array(Buffer.from(value ?? '', 'base64')),
      createRevision: toNumber(create_revision),
      modRevision: toNumber(mod_revision),
      version: toNumber(version),
      ...(lease === '0' ? {} : { leaseId: lease }),
    };
  }

  keyOf(base64 = ''): Key {
    return Buffer.from(base64, 'base64').toString().slice(this.#prefix.length);
  }

  /** Whether a key is one of ours. */
  has(base64: string): boolean {
    return Buffer.from(base64, 'base64').toString().startsWith(this.#prefix);
  }
}

export function toNumber(text: string | undefined): number {
  return Number(text ?? 0);
}

export function bytesToBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}
