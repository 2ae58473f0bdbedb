/**
 * The obvious configuration store, for comparison: every revision is kept whole, and what is in force is computed from
 * nothing each time.
 */
import type { ConfigValue, Coordinates } from '@plumb/config/feed';

export type ModelChange = { readonly layer: string; readonly key: string; readonly value?: ConfigValue | undefined };

type Layers = ReadonlyMap<string, ReadonlyMap<string, ConfigValue>>;

export class ConfigModel {
  #layers: Layers = new Map();
  readonly #past: { readonly revision: number; readonly layers: Layers }[] = [{ revision: 0, layers: new Map() }];

  get layers(): Layers {
    return this.#layers;
  }

  revisions(): readonly number[] {
    return this.#past.map(({ revision }) => revision);
  }

  /** What the layers would be. */
  with(changes: readonly ModelChange[]): Layers {
    const layers = new Map([...this.#layers].map(([layer, values]) => [layer, new Map(values)]));
    for (const { layer, key, value } of changes) {
      const values = layers.get(layer) ?? new Map<string, ConfigValue>();
      layers.set(layer, values);
      if (value === undefined) values.delete(key);
      else values.set(key, value);
      if (values.size === 0) layers.delete(layer);
    }
    return layers;
  }

  /** Whether no reader sees a key beside one above or below it. */
  isWhole(layers: Layers): boolean {
    const names = [...layers.keys()];
    return names.every((one) =>
      names.every((other) => {
        if (!meet(one, other)) return true;
        const [left, right] = [[...(layers.get(one)?.keys() ?? [])], [...(layers.get(other)?.keys() ?? [])]];
        return left.every((key) => right.every((below) => !below.startsWith(`${key}.`)));
      }),
    );
  }

  commit(changes: readonly ModelChange[], revision: number): void {
    this.#layers = this.with(changes);
    this.#past.push({ revision, layers: this.#layers });
  }

  /** What must be written to have a revision again, but for the manifest. */
  backTo(revision: number): ModelChange[] {
    const then = this.#past.findLast((one) => one.revision <= revision)?.layers ?? new Map<string, never>();
    const names = new Set([...then.keys(), ...this.#layers.keys()]);
    return [...names].flatMap((layer) => {
      if (layer === 'manifest') return [];
      const [before, after] = [this.#layers.get(layer), then.get(layer)];
      const keys = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
      return [...keys].map((key) => ({ layer, key, value: after?.get(key) }));
    });
  }

  /** In force, with changes of a rollout for its members. */
  view({ environment, releaseEnvironment, region }: Coordinates, overlay: readonly ModelChange[] = []): object {
    const layers = this.with(overlay);
    const order = [
      'manifest',
      'common',
      `release:${releaseEnvironment}`,
      `env:${environment}`,
      `region:${region}`,
      `env:${environment}/region:${region}`,
    ];
    const values = new Map(order.flatMap((layer) => [...(layers.get(layer) ?? [])]));
    return Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** By the words of the layers: two of one kind must have one name. */
function meet(one: string, other: string): boolean {
  const words = (layer: string): [string, string][] =>
    layer.split('/').flatMap((part) => (part.includes(':') ? [part.split(':') as [string, string]] : []));
  return words(one).every(([kind, name]) => words(other).every(([also, its]) => also !== kind || its === name));
}
