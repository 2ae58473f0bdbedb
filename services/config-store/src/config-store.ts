/**
 * Configuration in layers, durable on the key-value store: the core of the service, without doors.
 *
 * A change, its line of history and the application's revision are one transaction. The revision of a change is the
 * store's. Changes of one application are made one after the other, so that no two of them contradict each other.
 */
import { type Clock, newId, OperatingError, Turns } from '@plumb/base';
import type { ConfigFeedEvent, ConfigValue } from '@plumb/config/feed';
import { type Collection, type Kv, createCollection, type Operation } from '@plumb/kv';
import { isDeepStrictEqual } from 'node:util';
import {
  ApplicationValues,
  CHANGED,
  type Layer,
  type LayeredValue,
  valueId,
  type ValueRecord,
} from './application-values.ts';
import type { ConfigChange, ConfigEntry } from './contract.ts';
import { findPathClash, flatten, isConfigObject } from './flatten.ts';

/** Changes that are kept of each key: years of one that people change, and a bound for one that a program does. */
const HISTORY_MAX = 100;
/** Configuration is read whole by every process: more than this is data, and belongs elsewhere. */
const KEYS_MAX = 10_000;
const VALUE_SIZE_BYTES_MAX = 65_536;
/** Values that one manifest may change at a time: with their history they are one transaction of the store. */
const PROVISION_CHANGES_MAX = 250;

type HistoryRecord = {
  readonly layer: Layer;
  /** Absent where the key was unset. */
  readonly value?: ConfigValue | undefined;
  readonly author: string;
  readonly at: number;
  readonly comment?: string | undefined;
};

export type Change = {
  readonly author: string;
  readonly comment?: string | undefined;
  readonly ifRevision?: number | undefined;
};
export type ChangeOutcome =
  | { readonly kind: 'stored'; readonly revision: number }
  | { readonly kind: 'conflict'; readonly current?: ConfigEntry | undefined };

type KeyChange = { readonly layer: Layer; readonly key: string; readonly value: ConfigValue | undefined };

export class ConfigStore {
  readonly #kv: Kv;
  readonly #clock: Clock;
  readonly #values: Collection<ValueRecord>;
  readonly #history: Collection<HistoryRecord>;
  /** By the application's name. */
  readonly #turns = new Turns();

  constructor(kv: Kv, clock: Clock) {
    this.#kv = kv;
    this.#clock = clock;
    this.#values = createCollection(kv, 'config/value/');
    this.#history = createCollection(kv, 'config/history/');
  }

  async get(application: string, key: string): Promise<ConfigEntry | undefined> {
    const values = await this.#load(application);
    return toEntry(application, key, values);
  }

  async list(application: string | undefined): Promise<ConfigEntry[]> {
    const items = await this.#values.list(application === undefined ? undefined : `${application}/`);
    const names = [...new Set(items.map(({ id }) => id.slice(0, id.indexOf('/'))))].sort();
    return names.flatMap((name) => {
      const values = valuesOf(name, items);
      return values.keys().flatMap((key) => toEntry(name, key, values) ?? []);
    });
  }

  async snapshot(application: string): Promise<Extract<ConfigFeedEvent, { kind: 'snapshot' }>> {
    return (await this.#load(application)).snapshot();
  }

  async revision(application: string): Promise<number> {
    return (await this.#load(application)).revision;
  }

  async set(application: string, key: string, value: ConfigValue, change: Change): Promise<ChangeOutcome> {
    checkValue(key, value);
    return this.#turns.run(application, async () => {
      const values = await this.#load(application);
      const conflict = checkRevision(application, key, values, change.ifRevision);
      if (conflict !== undefined) return conflict;
      const clash = findPathClash(key, values.keys());
      if (clash !== undefined) throw clashError(application, key, clash);
      const kept = values.getLayer('store', key);
      if (kept !== undefined && isDeepStrictEqual(kept.value, value))
        return { kind: 'stored', revision: kept.revision };
      if (values.get(key) === undefined && values.keys().length >= KEYS_MAX) {
        throw new OperatingError(
          'exhausted',
          `${application} has ${KEYS_MAX} keys already: keep data elsewhere, or unset what is not used`,
        );
      }
      return {
        kind: 'stored',
        revision: await this.#write(application, values, [{ layer: 'store', key, value }], change),
      };
    });
  }

  async unset(application: string, key: string, change: Change): Promise<ChangeOutcome> {
    return this.#turns.run(application, async () => {
      const values = await this.#load(application);
      const conflict = checkRevision(application, key, values, change.ifRevision);
      if (conflict !== undefined) return conflict;
      if (values.getLayer('store', key) === undefined) {
        if (values.get(key) === undefined)
          throw new OperatingError('not-found', `${application}.${key} has no value: there is nothing to unset`);
        return { kind: 'stored', revision: values.get(key)?.revision ?? 0 };
      }
      return {
        kind: 'stored',
        revision: await this.#write(application, values, [{ layer: 'store', key, value: undefined }], change),
      };
    });
  }

  async provision(application: string, given: Readonly<Record<string, ConfigValue>>, author: string): Promise<number> {
    const wanted = flatten(given);
    if (wanted.size > KEYS_MAX)
      throw new OperatingError('invalid', `${application} gives ${wanted.size} keys, over the ${KEYS_MAX} that fit`);
    for (const [key, value] of wanted) checkValue(key, value);
    return this.#turns.run(application, async () => {
      const values = await this.#load(application);
      for (const key of wanted.keys()) {
        const clash = findPathClash(key, [...wanted.keys(), ...values.layerKeys('store')]);
        if (clash !== undefined) throw clashError(application, key, clash);
      }
      const puts = [...wanted].filter(
        ([key, value]) => !isDeepStrictEqual(values.getLayer('manifest', key)?.value, value),
      );
      const deletes = values.layerKeys('manifest').filter((key) => !wanted.has(key));
      const changes: KeyChange[] = [
        ...puts.map(([key, value]) => ({ layer: 'manifest', key, value }) as const),
        ...deletes.map((key) => ({ layer: 'manifest', key, value: undefined }) as const),
      ];
      if (changes.length > PROVISION_CHANGES_MAX) {
        throw new OperatingError(
          'invalid',
          `the manifest of ${application} changes ${changes.length} values at once, over the ${PROVISION_CHANGES_MAX} that fit: keep data elsewhere`,
        );
      }
      return changes.length === 0 ? values.revision : this.#write(application, values, changes, { author });
    });
  }

  /** Latest first. */
  async history(application: string, key: string, limit: number): Promise<ConfigChange[]> {
    const items = await this.#history.list(`${application}/${key}/`);
    return items
      .toSorted((a, b) => b.createRevision - a.createRevision)
      .slice(0, limit)
      .map(({ value: { value, ...rest }, createRevision }) => ({
        ...rest,
        revision: createRevision,
        ...(value === undefined ? {} : { value }),
      }));
  }

  /** The feed of one application: a snapshot, then what changed in force; a snapshot again for a reader that fell behind. */
  async *watch(application: string, signal: AbortSignal): AsyncGenerator<ConfigFeedEvent> {
    const idPrefix = `${application}/`;
    const relative = <T extends { readonly id: string }>(items: readonly T[]): T[] =>
      items.map((item) => ({ ...item, id: item.id.slice(idPrefix.length) }));
    let values = new ApplicationValues();
    for await (const event of this.#values.watch({ signal, idPrefix })) {
      if (event.kind === 'snapshot') {
        values = new ApplicationValues();
        values.putAll(relative(event.items));
        yield values.snapshot();
        continue;
      }
      const deletes = event.deletes.map((id) => id.slice(idPrefix.length));
      const change = values.apply({ ...event, puts: relative(event.puts), deletes });
      if (change !== undefined) yield change;
    }
  }

  async #load(application: string): Promise<ApplicationValues> {
    return valuesOf(application, await this.#values.list(`${application}/`));
  }

  async #write(
    application: string,
    values: ApplicationValues,
    changes: readonly KeyChange[],
    { author, comment }: Change,
  ): Promise<number> {
    const at = this.#clock.now();
    const operations: Operation[] = [];
    for (const { layer, key, value } of changes) {
      const id = `${application}/${valueId(layer, key)}`;
      operations.push(
        value === undefined
          ? this.#values.deleteOperation(id)
          : this.#values.putOperation(id, { value, author, at, comment }),
      );
      operations.push(...(await this.#historyOperations(application, key, { layer, value, author, at, comment })));
    }
    // A change below a value that the store layer gives is not seen by anybody.
    const isInForce = changes.some(
      ({ layer, key }) => layer === 'store' || values.getLayer('store', key) === undefined,
    );
    if (isInForce) operations.push(this.#values.putOperation(`${application}/${CHANGED}`, { value: null, author, at }));
    const result = await this.#kv.transact(operations);
    if (result.kind === 'conflict')
      throw new OperatingError('conflict', `${application} was changed at the same time: try again`);
    return result.revision;
  }

  async #historyOperations(application: string, key: string, record: HistoryRecord): Promise<Operation[]> {
    const prefix = `${application}/${key}/`;
    const kept = await this.#history.list(prefix);
    const oldest = kept
      .toSorted((a, b) => a.createRevision - b.createRevision)
      .slice(0, Math.max(0, kept.length - HISTORY_MAX + 1));
    return [
      this.#history.putOperation(prefix + newId(record.at), record),
      ...oldest.map(({ id }) => this.#history.deleteOperation(id)),
    ];
  }
}

function valuesOf(
  application: string,
  items: readonly {
    readonly id: string;
    readonly value: ValueRecord;
    readonly createRevision: number;
    readonly modRevision: number;
  }[],
): ApplicationValues {
  const values = new ApplicationValues();
  const prefix = `${application}/`;
  values.putAll(
    items.filter(({ id }) => id.startsWith(prefix)).map((item) => ({ ...item, id: item.id.slice(prefix.length) })),
  );
  return values;
}

function toEntry(application: string, key: string, values: ApplicationValues): ConfigEntry | undefined {
  const found: LayeredValue | undefined = values.get(key);
  if (found === undefined) return undefined;
  const manifest = found.layer === 'store' ? values.getLayer('manifest', key) : undefined;
  return { application, key, ...found, ...(manifest === undefined ? {} : { manifestValue: manifest.value }) };
}

function checkRevision(
  application: string,
  key: string,
  values: ApplicationValues,
  ifRevision: number | undefined,
): ChangeOutcome | undefined {
  if (ifRevision === undefined || ifRevision === (values.get(key)?.revision ?? 0)) return undefined;
  return { kind: 'conflict', current: toEntry(application, key, values) };
}

function checkValue(key: string, value: ConfigValue): void {
  if (isConfigObject(value)) {
    throw new OperatingError(
      'invalid',
      `${key} cannot be an object: set its parts one by one, like ${key}.${Object.keys(value)[0] ?? 'name'}`,
    );
  }
  const sizeBytes = Buffer.byteLength(JSON.stringify(value));
  if (sizeBytes > VALUE_SIZE_BYTES_MAX) {
    throw new OperatingError(
      'invalid',
      `${key} is ${sizeBytes} bytes, over the ${VALUE_SIZE_BYTES_MAX} of a value: keep files as assets`,
    );
  }
}

function clashError(application: string, key: string, clash: string): OperatingError {
  return new OperatingError(
    'invalid',
    `${application}.${key} cannot have a value beside ${application}.${clash}: unset one of them first`,
  );
}
