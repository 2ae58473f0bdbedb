import type { ConfigValue } from '@plumb/config/feed';
import { isDeepStrictEqual } from 'node:util';
import type { ApplicationValues } from './application-values.ts';
import type { ValueChange } from './contract/shapes.ts';
import { valueId } from './stored-items.ts';

/** One value of one layer that is to become another. */
export type KeyChange = {
  readonly layer: string;
  readonly key: string;
  /** Absent: the layer is to have no value. */
  readonly value?: ConfigValue | undefined;
};

/** Changes as one: of several of one value the last counts. Those that change nothing are left out. */
export function effectiveChanges(state: ApplicationValues, changes: readonly KeyChange[]): readonly KeyChange[] {
  const last = new Map(changes.map((change) => [valueId(change.layer, change.key), change]));
  return [...last.values()].filter(({ layer, key, value }) => !isDeepStrictEqual(state.get(layer, key)?.value, value));
}

/** With what is there before. */
export function toValueChanges(state: ApplicationValues, changes: readonly KeyChange[]): ValueChange[] {
  return changes.map(({ layer, key, value }) => {
    const before = state.get(layer, key)?.value;
    return { key, layer, ...(before !== undefined && { before }), ...(value !== undefined && { after: value }) };
  });
}
