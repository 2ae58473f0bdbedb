/**
 * What was before: a line for each change of a value, and a record of each change set that names its lines.
 *
 * Lines are kept under `config/history/APPLICATION/KEY/LINE`, the last `HISTORY_MAX` of each key; change sets under
 * `config/change-set/APPLICATION/NUMBER`, the last `CHANGE_SETS_MAX` of each application. Their revision is that of the
 * transaction which put them, the same as that of the values. What is asked costs what changed, not what exists.
 */
import { newId } from '@plumb/base';
import type { ConfigValue } from '@plumb/config/feed';
import { type Collection, createCollection, type Item, type Kv, type Operation, rangeOfPrefix } from '@plumb/kv';
import type { ApplicationValues } from './application-values.ts';
import type { ValueChange } from './contract/shapes.ts';
import type { ChangeSet, ConfigChange } from './contract/values.ts';
import type { KeyChange } from './key-change.ts';
import { layerNamed } from './stored-items.ts';

/** Changes that are kept of each key: years of one that people change, and a bound for one that a program does. */
export const HISTORY_MAX = 100;
/** Change sets that are kept of each application; `diff` and `rollback` do not need them. */
export const CHANGE_SETS_MAX = 1_000;
/** Of an answer, as JSON: it is one message. Who wants more asks on from the last revision. */
const PAGE_SIZE_BYTES_MAX = 4 * 1_048_576;
/** Change sets that are read at a time on the way to an old one. */
const SETS_PER_READ = 100;

export type Authorship = {
  readonly author: string;
  readonly approvedBy?: string | undefined;
  readonly at: number;
  readonly comment?: string | undefined;
};

export type HistoryRecord = Authorship & {
  readonly layer: string;
  /** Absent where the key was unset. */
  readonly value?: ConfigValue | undefined;
};

type SetRecord = Authorship & {
  readonly changes: readonly {
    readonly layer: string;
    readonly key: string;
    readonly line: string;
    /** The line of the value before, if there was one. */
    readonly before?: string | undefined;
  }[];
};

type Line = Item<HistoryRecord>;

/** What a layer had for a key at a revision; `unknown` where the history does not reach back that far. */
export type PastValue = { readonly layer: string; readonly key: string } & (
  | { readonly kind: 'known'; readonly value: ConfigValue | undefined }
  | { readonly kind: 'unknown' }
);

export class ValueHistory {
  readonly #kv: Kv;
  readonly #lines: Collection<HistoryRecord>;
  readonly #sets: Collection<SetRecord>;

  constructor(kv: Kv) {
    this.#kv = kv;
    this.#lines = createCollection(kv, 'config/history/');
    this.#sets = createCollection(kv, 'config/change-set/');
  }

  /** The operations that record changes of a state, and the line of each change, in the order of the changes. */
  async record(
    application: string,
    state: ApplicationValues,
    changes: readonly KeyChange[],
    by: Authorship,
  ): Promise<{ readonly operations: readonly Operation[]; readonly lines: readonly string[] }> {
    const lines = changes.map(() => newId(by.at));
    const set: SetRecord = {
      ...by,
      changes: changes.map(({ layer, key }, i) => {
        const before = state.get(layer, key)?.line;
        return { layer, key, line: lines[i] ?? '', ...(before !== undefined && { before }) };
      }),
    };
    const operations = [this.#sets.putOperation(setId(application, state.setCount), set)];
    if (state.setCount >= CHANGE_SETS_MAX) {
      operations.push(this.#sets.deleteOperation(setId(application, state.setCount - CHANGE_SETS_MAX)));
    }
    for (const [i, { layer, key, value }] of changes.entries()) {
      const record = { ...by, layer, ...(value !== undefined && { value }) };
      operations.push(this.#lines.putOperation(`${application}/${key}/${lines[i]}`, record));
    }
    const byKey = Map.groupBy(changes, ({ key }) => key);
    const trims = [...byKey].map(([key, { length }]) => this.#trim(`${application}/${key}/`, length));
    return { operations: [...operations, ...(await Promise.all(trims)).flat()], lines };
  }

  /** Latest first; fewer than `limit` where they are large. */
  async ofKey(
    application: string,
    key: string,
    { layer, limit }: { readonly layer?: string | undefined; readonly limit: number },
  ): Promise<ConfigChange[]> {
    const lines = await this.#linesOf(application, key);
    const changes = lines
      .filter(({ value }) => layer === undefined || value.layer === layer)
      .slice(-limit)
      .reverse()
      .map(({ value, createRevision }) => ({ key, ...value, revision: createRevision }));
    const page = new Page();
    return changes.filter((change) => page.hasRoomFor(change));
  }

  /** Latest first, those before a revision where one is given; fewer than `limit` where they are large. */
  async changeSets(
    application: string,
    {
      setCount,
      before = Number.POSITIVE_INFINITY,
      limit,
    }: {
      readonly setCount: number;
      readonly before?: number | undefined;
      readonly limit: number;
    },
  ): Promise<ChangeSet[]> {
    const sets: ChangeSet[] = [];
    const page = new Page();
    for await (const set of this.#setsBackwards(application, setCount)) {
      if (set.createRevision >= before) continue;
      const filled = await this.#toChangeSet(application, set);
      if (!page.hasRoomFor(filled)) break;
      sets.push(filled);
      if (sets.length === limit) break;
    }
    return sets;
  }

  /** What each value that is different at present, or became different since, was at a revision. */
  async at(application: string, state: ApplicationValues, revision: number): Promise<PastValue[]> {
    if (revision >= state.revision) return [];
    const keys = await this.#keysChangedSince(application, state.setCount, revision);
    return (await Promise.all(keys.map((key) => this.#valuesAt(application, state, key, revision)))).flat();
  }

  async #valuesAt(application: string, state: ApplicationValues, key: string, revision: number): Promise<PastValue[]> {
    const lines = await this.#linesOf(application, key);
    const layers = new Set([...lines.map(({ value }) => value.layer), ...state.layersOf(key)]);
    /** All lines of the key are there, so a layer without one had no value. */
    const isWhole = lines.length < HISTORY_MAX;
    return [...layers].map((layer): PastValue => {
      const own = lines.filter((line) => line.value.layer === layer);
      const last = own.findLast(({ createRevision }) => createRevision <= revision);
      if (last !== undefined) return { kind: 'known', layer, key, value: last.value.value };
      const present = state.get(layer, key);
      if (present !== undefined && present.revision <= revision) {
        return { kind: 'known', layer, key, value: present.value };
      }
      return isWhole ? { kind: 'known', layer, key, value: undefined } : { kind: 'unknown', layer, key };
    });
  }

  async #keysChangedSince(application: string, setCount: number, revision: number): Promise<readonly string[]> {
    const keys = new Set<string>();
    for await (const { value, createRevision } of this.#setsBackwards(application, setCount)) {
      if (createRevision <= revision) return [...keys].sort();
      for (const { key } of value.changes) keys.add(key);
    }
    // No change set is as old as that: then every key counts that has a history.
    const prefix = this.#lines.key(`${application}/`);
    const { entries } = await this.#kv.range({ ...rangeOfPrefix(prefix), keysOnly: true });
    for (const { key } of entries) keys.add(key.slice(prefix.length, key.lastIndexOf('/')));
    return [...keys].sort();
  }

  async *#setsBackwards(application: string, setCount: number): AsyncGenerator<Item<SetRecord>> {
    const oldest = Math.max(0, setCount - CHANGE_SETS_MAX);
    for (let end = setCount; end > oldest; end -= SETS_PER_READ) {
      const start = this.#sets.key(setId(application, Math.max(oldest, end - SETS_PER_READ)));
      const until = this.#sets.key(setId(application, end));
      const { entries } = await this.#kv.range({ start, end: until, order: 'descending' });
      yield* entries.map(this.#sets.parse);
    }
  }

  async #toChangeSet(application: string, { value, createRevision }: Item<SetRecord>): Promise<ChangeSet> {
    const { changes, ...by } = value;
    const valueOf = async (key: string, line: string | undefined): Promise<ConfigValue | undefined> =>
      line === undefined ? undefined : (await this.#lines.get(`${application}/${key}/${line}`))?.value.value;
    const filled = changes.map(async ({ layer, key, line, before }): Promise<ValueChange> => {
      const [old, after] = await Promise.all([valueOf(key, before), valueOf(key, line)]);
      return { key, layer, ...(old !== undefined && { before: old }), ...(after !== undefined && { after }) };
    });
    return { ...by, revision: createRevision, changes: await Promise.all(filled) };
  }

  /** In the order in which they were made. */
  async #linesOf(application: string, key: string): Promise<readonly Line[]> {
    const lines = await this.#lines.list(`${application}/${key}/`);
    return lines
      .map((line) => ({ ...line, value: { ...line.value, layer: layerNamed(line.value.layer) } }))
      .sort((a, b) => a.createRevision - b.createRevision);
  }

  /** Makes room for `count` lines of a key. */
  async #trim(prefix: string, count: number): Promise<readonly Operation[]> {
    const range = { ...rangeOfPrefix(this.#lines.key(prefix)), keysOnly: true };
    const { entries } = await this.#kv.range(range);
    const surplus = entries.length + count - HISTORY_MAX;
    if (surplus <= 0) return [];
    const oldest = entries.toSorted((a, b) => a.createRevision - b.createRevision).slice(0, surplus);
    return oldest.map(({ key }) => ({ kind: 'delete', key }) as const);
  }
}

/** One part fits at least. */
class Page {
  #sizeBytes = 0;

  hasRoomFor(part: object): boolean {
    const isFirst = this.#sizeBytes === 0;
    this.#sizeBytes += Buffer.byteLength(JSON.stringify(part));
    return isFirst || this.#sizeBytes <= PAGE_SIZE_BYTES_MAX;
  }
}

/** Numbers that sort as text. */
function setId(application: string, number: number): string {
  return `${application}/${String(number).padStart(12, '0')}`;
}
