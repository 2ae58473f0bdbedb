/** The obvious slow version of a `Kv`: a Map that is copied for each transaction, and every copy kept. */
import type {
  Compare,
  CompareTarget,
  Entry,
  KeyRange,
  Operation,
  OperationResponse,
  RangeQuery,
  RangeResult,
  RangeSelection,
  TransactionResult,
} from '@plumb/kv';

/** `refused`: a put with a lease that has ended. */
export type Outcome = TransactionResult | { readonly kind: 'refused' };

/** What a transaction did in a range, as a watch with `previous` says it. */
export type ModelChange = {
  readonly kind: 'change';
  readonly revision: number;
  readonly puts: readonly Entry[];
  readonly deletes: readonly string[];
  readonly previous: readonly Entry[];
};

type Entries = ReadonlyMap<string, Entry>;

export class KvModel {
  revision: number;
  /** Of the history; 0 when all is there. */
  oldestRevision: number;
  readonly leases = new Set<string>();
  readonly #historyRevisionsMax: number;
  readonly #states = new Map<number, Entries>();

  /** `revision` is that of the empty store: before it there was nothing. */
  constructor({ revision = 0, historyRevisionsMax = Number.POSITIVE_INFINITY } = {}) {
    this.revision = revision;
    this.oldestRevision = revision;
    this.#historyRevisionsMax = historyRevisionsMax;
    this.#states.set(revision, new Map());
  }

  get(key: string): Entry | undefined {
    return this.#entries().get(key);
  }

  list(prefix: string): Entry[] {
    return sortEntries([...this.#entries().values()].filter((entry) => entry.key.startsWith(prefix)));
  }

  /** Undefined when the revision is compacted or not reached. */
  range(query: RangeQuery): RangeResult | undefined {
    const { revision = this.revision } = query;
    if (revision > this.revision || (revision < this.oldestRevision && revision !== this.revision)) return undefined;
    return { revision, ...select(this.#entries(revision), query) };
  }

  /** What a watch from `fromRevision` gives until now. */
  changes(range: KeyRange, fromRevision: number): ModelChange[] {
    const changes: ModelChange[] = [];
    for (let revision = Math.max(1, fromRevision); revision <= this.revision; revision += 1) {
      if (!this.#states.has(revision - 1)) continue;
      const [before, after] = [this.#entries(revision - 1), this.#entries(revision)].map((entries) =>
        within(entries, range),
      );
      const puts = (after ?? []).filter((entry) => entry.modRevision === revision);
      const left = new Set(after?.map(({ key }) => key));
      const deletes = (before ?? []).flatMap(({ key }) => (left.has(key) ? [] : [key]));
      if (puts.length + deletes.length === 0) continue;
      const changed = new Set([...puts.map(({ key }) => key), ...deletes]);
      const previous = (before ?? []).filter(({ key }) => changed.has(key));
      changes.push({ kind: 'change', revision, puts, deletes, previous });
    }
    return changes;
  }

  transact(operations: readonly Operation[], compare: readonly Compare[], otherwise?: readonly Operation[]): Outcome {
    const failed = this.#findFailed(compare);
    if (failed !== undefined && otherwise === undefined) return { kind: 'conflict', ...failed };
    const applied = failed === undefined ? operations : (otherwise ?? []);
    const isRefused = applied.some(
      (part) => part.kind === 'put' && part.leaseId !== undefined && !this.leases.has(part.leaseId),
    );
    if (isRefused) return { kind: 'refused' };
    const responses = this.#apply(applied);
    return { kind: 'committed', revision: this.revision, succeeded: failed === undefined, responses };
  }

  revokeLease(leaseId: string): void {
    const keys = this.list('').filter((entry) => entry.leaseId === leaseId);
    this.#apply(keys.map(({ key }) => ({ kind: 'delete', key })));
    this.leases.delete(leaseId);
  }

  compact(revision: number): void {
    this.oldestRevision = Math.max(this.oldestRevision, revision);
  }

  #entries(revision = this.revision): Entries {
    return this.#states.get(revision) ?? new Map();
  }

  #findFailed(compare: readonly Compare[]): { key: string; current: Entry | undefined } | undefined {
    for (const condition of compare) {
      const range = 'key' in condition ? { start: condition.key, end: `${condition.key}\0` } : condition.range;
      const entries = within(this.#entries(), range);
      const subjects = entries.length === 0 ? [undefined] : entries;
      const current = subjects.find((entry) => !isTrue(condition, entry));
      if (current !== undefined) return { key: current.key, current };
      if (entries.length === 0 && !isTrue(condition, undefined)) return { key: range.start, current: undefined };
    }
    return undefined;
  }

  #apply(operations: readonly Operation[]): OperationResponse[] {
    const before = this.#entries();
    const after = new Map(before);
    const responses = operations.map((part) => applyTo(after, part, this.revision + 1));
    const isSame = before.size === after.size && [...before].every(([key, entry]) => after.get(key) === entry);
    if (isSame) return responses;
    this.revision += 1;
    this.#states.set(this.revision, after);
    if (this.revision > this.#historyRevisionsMax) this.compact(this.revision - this.#historyRevisionsMax + 1);
    return responses;
  }
}

function applyTo(entries: Map<string, Entry>, part: Operation, modRevision: number): OperationResponse {
  switch (part.kind) {
    case 'put': {
      const { key, value, leaseId } = part;
      const previous = entries.get(key);
      const version = (previous?.version ?? 0) + (previous?.modRevision === modRevision ? 0 : 1);
      const createRevision = previous?.createRevision ?? modRevision;
      entries.set(key, {
        key,
        value,
        createRevision,
        modRevision,
        version,
        ...(leaseId === undefined ? {} : { leaseId }),
      });
      return part.previous === true ? { kind: 'put', previous } : { kind: 'put' };
    }
    case 'get':
      return { kind: 'get', entry: entries.get(part.key) };
    case 'range':
      return { kind: 'range', ...select(entries, part) };
    case 'delete':
    case 'delete-prefix':
    case 'delete-range': {
      const isDeleted = ({ key }: Entry): boolean => {
        if (part.kind === 'delete') return key === part.key;
        return part.kind === 'delete-prefix' ? key.startsWith(part.prefix) : isWithin(key, part);
      };
      const previous = sortEntries([...entries.values()].filter(isDeleted));
      for (const { key } of previous) entries.delete(key);
      return { kind: 'delete', count: previous.length, ...(part.previous === true ? { previous } : {}) };
    }
  }
}

function select(entries: Entries, selection: RangeSelection): Omit<RangeResult, 'revision'> {
  const { limit = Number.POSITIVE_INFINITY, order, sortBy = 'key', keysOnly, countOnly } = selection;
  const all = within(entries, selection);
  if (countOnly === true) return { entries: [], count: all.length, more: false };
  const direction = order === 'descending' ? -1 : 1;
  const rank = (a: Entry, b: Entry): number => {
    if (sortBy === 'value') return Buffer.compare(a.value, b.value);
    if (sortBy === 'key') return compareKeys(a.key, b.key);
    const field = ({ version: 'version', create: 'createRevision', mod: 'modRevision' } as const)[sortBy];
    return a[field] - b[field];
  };
  const sorted = all.toSorted((a, b) => direction * rank(a, b)).slice(0, limit);
  const shown = sorted.map((entry) => (keysOnly === true ? { ...entry, value: new Uint8Array() } : entry));
  return { entries: shown, count: all.length, more: all.length > limit };
}

function isTrue(condition: Compare, entry: Entry | undefined): boolean {
  const { target, operator, value }: CompareTarget =
    'modRevision' in condition ? { target: 'mod', operator: '=', value: condition.modRevision } : condition;
  if (target === 'value') return entry !== undefined && inOrder(Buffer.compare(entry.value, value), operator);
  if (target === 'lease') {
    const leaseId = entry?.leaseId ?? '';
    return inOrder(leaseId.length - value.length || compareKeys(leaseId, value), operator);
  }
  const field = ({ version: 'version', create: 'createRevision', mod: 'modRevision' } as const)[target];
  return inOrder((entry?.[field] ?? 0) - value, operator);
}

function inOrder(order: number, operator: string): boolean {
  return operator === '!=' ? order !== 0 : Math.sign(order) === { '<': -1, '=': 0, '>': 1 }[operator];
}

function within(entries: Entries, range: KeyRange): Entry[] {
  return sortEntries([...entries.values()].filter(({ key }) => isWithin(key, range)));
}

function isWithin(key: string, { start, end }: KeyRange): boolean {
  return compareKeys(key, start) >= 0 && (end === undefined || compareKeys(key, end) < 0);
}

/** In the order of their keys' UTF-8 bytes. */
export function sortEntries(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((a, b) => compareKeys(a.key, b.key));
}

function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
