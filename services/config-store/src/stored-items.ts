/**
 * What is kept of an application under `config/value/APPLICATION/`, by the rest of the id:
 *
 *     LAYER/KEY   a value of one layer (a layer can have a slash of its own, a key cannot)
 *     changed     put in every transaction that changes any of these: its revision is the application's
 *     deployed    the environment of the last deploy
 *     rollout     what a running rollout gives its members
 */
import type { ConfigValue } from '@plumb/config/feed';
import type { RolloutOverlay } from './rollout-overlay.ts';

export const CHANGED = 'changed';
export const DEPLOYED = 'deployed';

export type ValueRecord = {
  readonly value: ConfigValue;
  readonly author: string;
  readonly approvedBy?: string | undefined;
  readonly at: number;
  readonly comment?: string | undefined;
  /** The id of its line of history, below the key's. */
  readonly line?: string | undefined;
};

export type ChangedRecord = {
  readonly author: string;
  readonly at: number;
  /** How many change sets there were: the next one's number. */
  readonly setCount?: number | undefined;
};

export type DeployedRecord = { readonly environment?: string | undefined; readonly at: number };

export type StoredItem = ValueRecord | ChangedRecord | DeployedRecord | RolloutOverlay;

/** The layer that `common` was called in a store that was written before other layers could be set. */
const COMMON_BEFORE = 'store';

export type ValueId = { readonly layer: string; readonly key: string; readonly isOld: boolean };

export function valueId(layer: string, key: string): string {
  return `${layer}/${key}`;
}

/** The id of a value of `common` in a store that was written before other layers could be set. */
export function oldValueId(key: string): string {
  return valueId(COMMON_BEFORE, key);
}

export function parseValueId(id: string): ValueId {
  const slash = id.lastIndexOf('/');
  const layer = id.slice(0, slash);
  return { layer: layerNamed(layer), key: id.slice(slash + 1), isOld: layer === COMMON_BEFORE };
}

/** The layer of a record, by the name that it has. */
export function layerNamed(layer: string): string {
  return layer === COMMON_BEFORE ? 'common' : layer;
}
