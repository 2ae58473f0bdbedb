/**
 * The values of one application, in their layers, as a pure state that is driven by what the store holds.
 *
 * Invariant: a key's value in force is the store layer's where there is one, else the manifest layer's.
 */
import type { ConfigFeedEvent, ConfigValue } from '@plumb/config/feed';
import type { CollectionEvent, Item } from '@plumb/kv';
import { isDeepStrictEqual } from 'node:util';

export type Layer = 'manifest' | 'store';

/** What is kept of a value in one layer, under `APPLICATION/LAYER/KEY`. The revision is that of the store's entry. */
export type ValueRecord = {
  readonly value: ConfigValue;
  readonly author: string;
  readonly at: number;
  readonly comment?: string | undefined;
};

export type LayeredValue = ValueRecord & { readonly layer: Layer; readonly revision: number };

/** The item that is put in every transaction that changes what is in force: its revision is the application's. */
export const CHANGED = 'changed';

export class ApplicationValues {
  readonly #layers: Readonly<Record<Layer, Map<string, LayeredValue>>> = { manifest: new Map(), store: new Map() };
  /** Of the last change of anything in force; 0 for an application that was never configured. */
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  get(key: string): LayeredValue | undefined {
    return this.#layers.store.get(key) ?? this.#layers.manifest.get(key);
  }

  getLayer(layer: Layer, key: string): LayeredValue | undefined {
    return this.#layers[layer].get(key);
  }

  /** Sorted. */
  keys(): readonly string[] {
    return [...new Set([...this.#layers.manifest.keys(), ...this.#layers.store.keys()])].sort();
  }

  layerKeys(layer: Layer): readonly string[] {
    return [...this.#layers[layer].keys()];
  }

  /** `items` have ids without the application's part: `LAYER/KEY`, or `CHANGED`. */
  putAll(items: readonly Item<ValueRecord>[]): void {
    for (const { id, value, modRevision } of items) {
      if (id === CHANGED) {
        this.#revision = modRevision;
        continue;
      }
      const [layer, key] = parseId(id);
      this.#layers[layer].set(key, { ...value, layer, revision: modRevision });
    }
  }

  delete(id: string): void {
    if (id === CHANGED) return;
    const [layer, key] = parseId(id);
    this.#layers[layer].delete(key);
  }

  snapshot(): Extract<ConfigFeedEvent, { kind: 'snapshot' }> {
    const values = Object.fromEntries(this.keys().map((key) => [key, this.get(key)?.value ?? null]));
    return { kind: 'snapshot', revision: this.#revision, values };
  }

  /** Applies one transaction, and gives the feed's event of it; undefined where nothing in force changed. */
  apply(event: Extract<CollectionEvent<ValueRecord>, { kind: 'change' }>): ConfigFeedEvent | undefined {
    const ids = [...event.puts.map(({ id }) => id), ...event.deletes].filter((id) => id !== CHANGED);
    const keys = [...new Set(ids.map((id) => parseId(id)[1]))].sort();
    const before = new Map(keys.map((key) => [key, this.get(key)]));
    this.putAll(event.puts);
    for (const id of event.deletes) this.delete(id);
    const changes = keys.flatMap((key) => {
      const [old, now] = [before.get(key), this.get(key)];
      if (old !== undefined && now !== undefined && isDeepStrictEqual(old.value, now.value)) return [];
      return now === undefined ? (old === undefined ? [] : [{ key }]) : [{ key, value: now.value }];
    });
    return changes.length === 0 ? undefined : { kind: 'change', revision: this.#revision, changes };
  }
}

export function valueId(layer: Layer, key: string): string {
  return `${layer}/${key}`;
}

function parseId(id: string): [Layer, string] {
  const slash = id.indexOf('/');
  return [id.slice(0, slash) as Layer, id.slice(slash + 1)];
}
