/** A key is a value or a path to others, never both, for any reader: of `mail` and `mail.host` one reader can see one. Pure. */
import type { ApplicationValues } from './application-values.ts';
import type { ConfigFault } from './contract/guards.ts';
import type { KeyChange } from './key-change.ts';
import { canMeet } from './layer-order.ts';
import { branchesOf } from './layer-values.ts';

/**
 * A fault of each change that sets a key beside one above or below it, in a layer that some reader sees together with its
 * own. The changes are taken as made. Costs what they change, times the layers.
 */
export function pathClashes(state: ApplicationValues, changes: readonly KeyChange[]): ConfigFault[] {
  const planned = new Planned(state, changes);
  return changes.flatMap((change): ConfigFault[] => {
    if (change.value === undefined) return [];
    const { key, layer } = change;
    for (const other of planned.layers) {
      if (!canMeet(layer, other)) continue;
      const clash = planned.findClash(other, key);
      if (clash !== undefined) {
        const where = other === layer ? '' : `, which ${other} has`;
        return [{ key, layer, reason: `cannot have a value beside ${clash}${where}: unset one of them first` }];
      }
    }
    return [];
  });
}

/** The keys of each layer once the changes are made. */
class Planned {
  readonly layers: ReadonlySet<string>;
  readonly #state: ApplicationValues;
  readonly #changes: ReadonlyMap<string, ReadonlyMap<string, boolean>>;

  constructor(state: ApplicationValues, changes: readonly KeyChange[]) {
    this.#state = state;
    const byLayer = Map.groupBy(changes, ({ layer }) => layer);
    this.layers = new Set([...state.layers(), ...byLayer.keys()]);
    this.#changes = new Map(
      [...byLayer].map(([layer, own]) => [layer, new Map(own.map(({ key, value }) => [key, value !== undefined]))]),
    );
  }

  findClash(layer: string, key: string): string | undefined {
    for (const above of branchesOf(key)) if (this.#has(layer, above)) return above;
    const changed = [...(this.#changes.get(layer) ?? [])].filter(([other]) => other.startsWith(`${key}.`));
    const set = changed.find(([, isSet]) => isSet);
    if (set !== undefined) return set[0];
    const unset = changed.filter(([other]) => this.#state.get(layer, other) !== undefined);
    if (this.#state.countBelow(layer, key) === unset.length) return undefined;
    const gone = new Set(unset.map(([other]) => other));
    for (const [other] of this.#state.entries(layer)) if (other.startsWith(`${key}.`) && !gone.has(other)) return other;
    return undefined;
  }

  #has(layer: string, key: string): boolean {
    return this.#changes.get(layer)?.get(key) ?? this.#state.get(layer, key) !== undefined;
  }
}
