/**
 * The values of one application in all its layers, as a pure state that is driven by what the store holds.
 *
 * Invariants: a key's value in force at a place is that of the highest layer of the place that has one. A member of a
 * running rollout sees the changes of the rollout in the layers that they are for; nobody else does. What a reader may not
 * open is withheld from it, wherever it is read.
 */
import type { ConfigValue, Coordinates } from '@plumb/config/feed';
import { compareLayers, environmentOf, layersAt } from './layer-order.ts';
import { LayerValues } from './layer-values.ts';
import { OverlayValues } from './overlay-values.ts';
import { RecipientCounts } from './recipient-counts.ts';
import { type MayOpen, redact } from './redact.ts';
import { OVERLAY, type RolloutOverlay } from './rollout-overlay.ts';
import {
  CHANGED,
  type ChangedRecord,
  DEPLOYED,
  type DeployedRecord,
  parseValueId,
  type StoredItem,
  type ValueRecord,
} from './stored-items.ts';

/** The revision is that of the transaction that put it. */
export type LayeredValue = ValueRecord & { readonly layer: string; readonly revision: number };

export type StateItem = { readonly id: string; readonly value: StoredItem; readonly modRevision: number };
export type StateChange = { readonly puts: readonly StateItem[]; readonly deletes: readonly string[] };

/** Who reads. Without an environment it is that of the last deploy. */
export type Reader = {
  readonly coordinates: Coordinates;
  /** As whom it takes part in rollouts. */
  readonly instance?: string | undefined;
  readonly mayOpen: MayOpen;
};

/** All that a reader's values depend on, besides the state: readers of one `id` have the same view. */
export type ViewPlace = {
  readonly id: string;
  readonly layers: readonly string[];
  readonly isMember: boolean;
  readonly mayOpen: MayOpen;
};

/** Places whose layers are remembered: every change asks for those of each reader. Beyond it they are computed anew. */
const PLACES_MAX = 1_024;

export class ApplicationValues {
  readonly #layers = new Map<string, LayerValues>();
  readonly #recipients = new RecipientCounts();
  readonly #oldKeys = new Set<string>();
  readonly #layersAt = new Map<string, { readonly layers: readonly string[]; readonly text: string }>();
  #revision = 0;
  #changedAt = 0;
  #setCount = 0;
  #deployed: DeployedRecord | undefined;
  #overlay = new OverlayValues();

  /** Of the last change of anything; 0 for an application that was never configured. */
  get revision(): number {
    return this.#revision;
  }

  /** Epoch ms. */
  get changedAt(): number {
    return this.#changedAt;
  }

  get setCount(): number {
    return this.#setCount;
  }

  /** Of the last deploy; undefined also where it names none. */
  get environment(): string | undefined {
    return environmentOf(this.#deployed?.environment);
  }

  get isDeployed(): boolean {
    return this.#deployed !== undefined;
  }

  get overlay(): RolloutOverlay | undefined {
    return this.#overlay.overlay;
  }

  /** Values in all layers. */
  get size(): number {
    let size = 0;
    for (const values of this.#layers.values()) size += values.size;
    return size;
  }

  /** The layers that have values, lowest first. */
  layers(): readonly string[] {
    return [...this.#layers.keys()].sort(compareLayers);
  }

  get(layer: string, key: string): LayeredValue | undefined {
    return this.#layers.get(layer)?.get(key);
  }

  /** The layers that have a value for a key, lowest first. */
  layersOf(key: string): readonly string[] {
    return this.layers().filter((layer) => this.get(layer, key) !== undefined);
  }

  entries(layer: string): Iterable<[string, LayeredValue]> {
    return this.#layers.get(layer)?.entries() ?? [];
  }

  countKeys(layer: string): number {
    return this.#layers.get(layer)?.size ?? 0;
  }

  /** Of the keys and values of a layer. */
  sizeBytesOf(layer: string): number {
    return this.#layers.get(layer)?.sizeBytes ?? 0;
  }

  /** How many keys of a layer begin with `key` and a dot. */
  countBelow(layer: string, key: string): number {
    return this.#layers.get(layer)?.countBelow(key) ?? 0;
  }

  /** Whether the value of `common` is kept as an older store wrote it. */
  isOld(key: string): boolean {
    return this.#oldKeys.has(key);
  }

  /** The place of a reader as things are; it becomes another with a deploy, a rollout, or who owns which recipients. */
  placeOf({ coordinates, instance, mayOpen }: Reader): ViewPlace {
    const { layers, text } = this.#layersOf(coordinates);
    const isMember = this.#overlay.hasMember(instance);
    const openable = this.#recipients.openable(mayOpen);
    const own = new Set(openable);
    const id = `${text}|${isMember ? this.overlay?.id : ''}|${openable.join(' ')}`;
    return { id, layers, isMember, mayOpen: (recipient) => own.has(recipient) };
  }

  /** What a reader at a place has and which layer it is of, a rollout's changes included, and not redacted. */
  sourceAt(
    { layers, isMember }: Pick<ViewPlace, 'layers' | 'isMember'>,
    key: string,
  ): { readonly layer: string; readonly value: ConfigValue } | undefined {
    for (let i = layers.length - 1; i >= 0; i -= 1) {
      const layer = layers[i] ?? '';
      const given = isMember ? this.#overlay.get(layer, key) : undefined;
      const value = given === undefined ? this.#layers.get(layer)?.get(key)?.value : given.value;
      if (value !== undefined) return { layer, value };
    }
    return undefined;
  }

  /** The value that a reader at a place has, as it may have it. */
  valueAt(place: Omit<ViewPlace, 'id'>, key: string): ConfigValue | undefined {
    const source = this.sourceAt(place, key);
    return source && redact(source.value, place.mayOpen);
  }

  /** The keys that have a value at a place, sorted. */
  keysAt({ layers, isMember }: Pick<ViewPlace, 'layers' | 'isMember'>): readonly string[] {
    const keys = new Set(layers.flatMap((layer) => [...(this.#layers.get(layer)?.keys() ?? [])]));
    if (isMember) {
      for (const { key } of this.#overlay.changes()) {
        if (this.sourceAt({ layers, isMember }, key) === undefined) keys.delete(key);
        else keys.add(key);
      }
    }
    return [...keys].sort();
  }

  /** The values in force for a reader, by key. */
  viewFor(reader: Reader): ReadonlyMap<string, ConfigValue> {
    return this.viewAt(this.placeOf(reader));
  }

  viewAt(place: Omit<ViewPlace, 'id'>): Map<string, ConfigValue> {
    return new Map(this.keysAt(place).map((key) => [key, this.valueAt(place, key) ?? null]));
  }

  /** Applies one transaction, and gives the keys that can be different for somebody. */
  apply({ puts, deletes }: StateChange): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const id of deletes) this.#drop(id, touched);
    for (const item of puts) this.#put(item, touched);
    return touched;
  }

  #layersOf({ environment = this.environment, releaseEnvironment, region }: Coordinates): {
    readonly layers: readonly string[];
    readonly text: string;
  } {
    const place = `${environment}|${releaseEnvironment}|${region}`;
    const known = this.#layersAt.get(place);
    if (known !== undefined) return known;
    const layers = layersAt({ environment, releaseEnvironment, region });
    const found = { layers, text: layers.join(' ') };
    if (this.#layersAt.size === PLACES_MAX) this.#layersAt.clear();
    this.#layersAt.set(place, found);
    return found;
  }

  #put({ id, value, modRevision }: StateItem, touched: Set<string>): void {
    if (id === CHANGED) {
      this.#revision = modRevision;
      const { at, setCount = 0 } = value as ChangedRecord;
      this.#changedAt = at;
      this.#setCount = setCount;
    } else if (id === DEPLOYED) {
      this.#deployed = value as DeployedRecord;
    } else if (id === OVERLAY) {
      this.#setOverlay(value as RolloutOverlay, touched);
    } else {
      const { layer, key, isOld } = parseValueId(id);
      const values = this.#layers.get(layer) ?? new LayerValues();
      this.#layers.set(layer, values);
      this.#recipients.remove(values.get(key)?.value);
      values.set(key, { ...(value as ValueRecord), layer, revision: modRevision });
      this.#recipients.add((value as ValueRecord).value);
      if (isOld) this.#oldKeys.add(key);
      touched.add(key);
    }
  }

  #drop(id: string, touched: Set<string>): void {
    if (id === CHANGED) return;
    if (id === DEPLOYED) {
      this.#deployed = undefined;
      return;
    }
    if (id === OVERLAY) return this.#setOverlay(undefined, touched);
    const { layer, key, isOld } = parseValueId(id);
    if (isOld) this.#oldKeys.delete(key);
    const values = this.#layers.get(layer);
    this.#recipients.remove(values?.get(key)?.value);
    values?.delete(key);
    if (values?.size === 0) this.#layers.delete(layer);
    touched.add(key);
  }

  #setOverlay(overlay: RolloutOverlay | undefined, touched: Set<string>): void {
    for (const { key, value } of this.#overlay.changes()) {
      this.#recipients.remove(value);
      touched.add(key);
    }
    this.#overlay = new OverlayValues(overlay);
    for (const { key, value } of this.#overlay.changes()) {
      this.#recipients.add(value);
      touched.add(key);
    }
  }
}
