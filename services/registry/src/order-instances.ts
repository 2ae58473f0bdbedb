import type { Instance } from './dictionary-schemas.ts';

/** Where somebody is. */
export type Place = { readonly host?: string | undefined; readonly zone?: string | undefined };

/** 0 for one on the host of `near`, 1 for one in its zone, 2 for the others. */
export function distanceOf({ host, zone }: Instance, near: Place): 0 | 1 | 2 {
  if (near.host !== undefined && host === near.host) return 0;
  return near.zone !== undefined && zone === near.zone ? 1 : 2;
}

/** By distance; at the same, the oldest first. */
export function orderInstances(instances: readonly Instance[], near: Place = {}): Instance[] {
  return instances.toSorted(
    (a, b) => distanceOf(a, near) - distanceOf(b, near) || a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1),
  );
}
