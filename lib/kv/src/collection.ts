/**
 * Typed values under one prefix: what a service keeps in the store. Values are plain data as CBOR (RFC 8949): numbers,
 * text, bytes, bigint, Date, Map, Set, undefined, arrays and objects.
 */
import { describeError, OperatingError } from '@plumb/base';
import { CborDecoder, CborEncoder } from '@plumb/cbor';
import type { Entry, Kv } from './kv.ts';
import type { Compare, Operation } from './operation.ts';

export type Item<T> = {
  /** The key without the collection's prefix. May itself be a path. */
  readonly id: string;
  readonly value: T;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly leaseId?: string | undefined;
};

export type PutOutcome<T> =
  | { readonly kind: 'committed'; readonly revision: number }
  /** The item was not at `ifRevision`; `current` is what it is. */
  | { readonly kind: 'conflict'; readonly current: Item<T> | undefined };

export type CollectionEvent<T> =
  /** All items; also sent again to a watcher that fell behind, instead of what it missed. */
  | { readonly kind: 'snapshot'; readonly revision: number; readonly items: readonly Item<T>[] }
  /** What one transaction changed; `deletes` are ids. */
  | {
      readonly kind: 'change';
      readonly revision: number;
      readonly puts: readonly Item<T>[];
      readonly deletes: readonly string[];
    };

/** `ifRevision` is the `modRevision` that the item must have, 0 for "absent". */
export type Condition = { readonly ifRevision?: number | undefined };
export type Attachment = { readonly leaseId?: string | undefined };

export type Collection<T> = {
  readonly get: (id: string) => Promise<Item<T> | undefined>;
  /** @throws OperatingError `not-found`. */
  readonly require: (id: string) => Promise<Item<T>>;
  /** In the order of their ids' UTF-8 bytes, all or those that start with `idPrefix`. */
  readonly list: (idPrefix?: string) => Promise<readonly Item<T>[]>;
  readonly put: (id: string, value: T, options?: Condition & Attachment) => Promise<PutOutcome<T>>;
  /** Deleting what is absent is `committed` too. */
  readonly delete: (id: string, options?: Condition) => Promise<PutOutcome<T>>;
  /** A snapshot, then every change, until `signal` aborts. Ends with the store. */
  readonly watch: (options: {
    readonly signal: AbortSignal;
    readonly idPrefix?: string | undefined;
  }) => AsyncIterable<CollectionEvent<T>>;

  // For transactions over several collections: parts of `kv.transact(operations, { compare })`.
  readonly key: (id: string) => string;
  readonly putOperation: (id: string, value: T, options?: Attachment) => Operation;
  readonly deleteOperation: (id: string) => Operation;
  readonly compare: (id: string, ifRevision: number) => Compare;
  /** The item of an entry of this collection, such as the `current` of a conflict. */
  readonly parse: (entry: Entry) => Item<T>;
};

/**
 * The items under `prefix`, which ends with `/`. Holds nothing: nothing needs closing, and two of one prefix are equal.
 *
 * @example
 *   const services = createCollection<Service>(kv, 'registry/service/');
 *   await services.put('web', { port: 80 }, { ifRevision: 0 });
 */
export function createCollection<T>(kv: Kv, prefix: string): Collection<T> {
  const encoder = new CborEncoder();
  const decoder = new CborDecoder();
  const key = (id: string): string => `${prefix}${id}`;
  const parse = (entry: Entry): Item<T> => ({
    id: entry.key.slice(prefix.length),
    value: parseValue(decoder, entry) as T,
    createRevision: entry.createRevision,
    modRevision: entry.modRevision,
    ...(entry.leaseId === undefined ? {} : { leaseId: entry.leaseId }),
  });
  const putOperation = (id: string, value: T, { leaseId }: Attachment = {}): Operation => ({
    kind: 'put',
    key: key(id),
    value: encoder.encode(value),
    leaseId,
  });
  const deleteOperation = (id: string): Operation => ({ kind: 'delete', key: key(id) });
  const compare = (id: string, ifRevision: number): Compare => ({ key: key(id), modRevision: ifRevision });
  const get = async (id: string): Promise<Item<T> | undefined> => {
    const entry = await kv.get(key(id));
    return entry === undefined ? undefined : parse(entry);
  };
  const change = async (id: string, operation: Operation, { ifRevision }: Condition): Promise<PutOutcome<T>> => {
    const conditions = ifRevision === undefined ? [] : [compare(id, ifRevision)];
    const result = await kv.transact([operation], { compare: conditions });
    if (result.kind === 'committed') return { kind: 'committed', revision: result.revision };
    return { kind: 'conflict', current: result.current === undefined ? undefined : parse(result.current) };
  };

  return {
    get,
    require: async (id) => {
      const item = await get(id);
      if (item !== undefined) return item;
      throw new OperatingError('not-found', `there is no "${id}" under ${prefix}: list what there is`);
    },
    list: async (idPrefix = '') => (await kv.list(key(idPrefix))).entries.map(parse),
    put: (id, value, options = {}) => change(id, putOperation(id, value, options), options),
    delete: (id, options = {}) => change(id, deleteOperation(id), options),
    async *watch({ signal, idPrefix = '' }) {
      for await (const event of kv.watch(key(idPrefix), { signal })) {
        const { kind, revision } = event;
        if (kind === 'snapshot') yield { kind, revision, items: event.entries.map(parse) };
        else yield { kind, revision, puts: event.puts.map(parse), deletes: event.deletes.map(idOf) };
      }
    },
    key,
    putOperation,
    deleteOperation,
    compare,
    parse,
  };

  function idOf(entryKey: string): string {
    return entryKey.slice(prefix.length);
  }
}

function parseValue(decoder: CborDecoder, { key, value }: Entry): unknown {
  try {
    return decoder.decode(value);
  } catch (error) {
    const what = `the value of "${key}" is not CBOR: ${describeError(error)}`;
    throw new OperatingError('internal', `${what}; delete the key or put a value again`, { cause: error });
  }
}
