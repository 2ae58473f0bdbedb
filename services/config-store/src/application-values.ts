/**
 * The values of one application in all its layers, as a pure state that is driven by what the store holds.
 *
 * Invariants: a key's value in force at a place is that of the highest layer of the place that has one. A member of a
 * running rollout sees the changes of the rollout in the layers that they are for; nobody else does. What a reader may not
 * open is withheld from it, wherever it is read.
 */
import { type ConfigValue, type Coordinates, isSealedValue } from '@plumb/config/feed';
import { compareLayers, environmentOf, layersAt } from './layer-order.ts';
import { LayerValues } from './layer-values.ts';
import { type MayOpen, redact } from './redact.ts';
import { OVERLAY, type OverlayChange, type RolloutOverlay } from './rollout-overlay.ts';
import {
  CHANGED,
  type ChangedRecord,
  DEPLOYED,
  type DeployedRecord,
  parseValueId,
  type StoredItem,
  valueId,
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

export class ApplicationValues {
  readonly #layers = new Map<string, LayerValues>();
  /** How many values are sealed to each recipient. */
  readonly #recipients = new Map<string, number>();
  readonly #oldKeys = new Set<string>();
  #revision = 0;
  #changedAt = 0;
  #setCount = 0;
  #deployed: DeployedRecord | undefined;
  #overlay: RolloutOverlay | undefined;
  #members: ReadonlySet<string> = new Set();
  #overlayValues: ReadonlyMap<string, OverlayChange> = new Map();

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
    return this.#overlay;
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
    const environment = coordinates.environment ?? this.environment;
    const layers = layersAt({ ...coordinates, environment });
    const isMember = instance !== undefined && this.#members.has(instance);
    const openable = [...this.#recipients.keys()].filter(mayOpen).sort();
    const own = new Set(openable);
    const id = `${layers.join(' ')}|${isMember ? this.#overlay?.id : ''}|${openable.join(' ')}`;
    return { id, layers, isMember, mayOpen: (recipient) => own.has(recipient) };
  }

  /** What wins at a place, of the layers' own: without a rollout, and not redacted. */
  winner({ layers }: Pick<ViewPlace, 'layers'>, key: string): LayeredValue | undefined {
    for (let i = layers.length - 1; i >= 0; i -= 1) {
      const found = this.#layers.get(layers[i] ?? '')?.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The value that a reader at a place has, as it may have it. */
  valueAt({ layers, isMember, mayOpen }: Omit<ViewPlace, 'id'>, key: string): ConfigValue | undefined {
    for (let i = layers.length - 1; i >= 0; i -= 1) {
      const layer = layers[i] ?? '';
      const given = isMember ? this.#overlayValues.get(valueId(layer, key)) : undefined;
      const value = given === undefined ? this.#layers.get(layer)?.get(key)?.value : given.value;
      if (value !== undefined) return redact(value, mayOpen);
    }
    return undefined;
  }

  /** The keys that have a value at a place, sorted. */
  keysAt({ layers, isMember }: Pick<ViewPlace, 'layers' | 'isMember'>): readonly string[] {
    const keys = new Set(layers.flatMap((layer) => [...(this.#layers.get(layer)?.keys() ?? [])]));
    if (isMember) {
      const shown = { layers, isMember, mayOpen: () => false };
      for (const { key } of this.#overlayValues.values()) {
        if (this.valueAt(shown, key) === undefined) keys.delete(key);
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
      this.#countRecipients(values.get(key)?.value, -1);
      values.set(key, { ...(value as ValueRecord), layer, revision: modRevision });
      this.#countRecipients((value as ValueRecord).value, 1);
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
    this.#countRecipients(values?.get(key)?.value, -1);
    values?.delete(key);
    if (values?.size === 0) this.#layers.delete(layer);
    touched.add(key);
  }

  #setOverlay(overlay: RolloutOverlay | undefined, touched: Set<string>): void {
    for (const { key } of this.#overlay?.changes ?? []) touched.add(key);
    for (const { key } of overlay?.changes ?? []) touched.add(key);
    for (const { value } of this.#overlay?.changes ?? []) this.#countRecipients(value, -1);
    for (const { value } of overlay?.changes ?? []) this.#countRecipients(value, 1);
    this.#overlay = overlay;
    this.#members = new Set(overlay?.members);
    this.#overlayValues = new Map(
      overlay?.changes.map((change) => [valueId(change.layer, change.key), change] as const),
    );
  }

  #countRecipients(value: ConfigValue | undefined, by: number): void {
    if (value === undefined || !isSealedValue(value)) return;
    for (const recipient of value.to) {
      const count = (this.#recipients.get(recipient) ?? 0) + by;
      if (count === 0) this.#recipients.delete(recipient);
      else this.#recipients.set(recipient, count);
    }
  }
}
