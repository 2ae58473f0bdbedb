import type { Instance } from './dictionary-schemas.ts';

/** Where somebody is. */
export type Place = { readonly host?: string | undefined; readonly zone?: string | undefined };

/** First those on the host of `near`, then those in its zone, then the others; each the oldest first. */
export function orderInstances(instances: readonly Instance[], near: Place = {}): Instance[] {
  const distanceOf = ({ host, zone }: Instance): number => {
    if (near.host !== undefined && host === near.host) return 0;
    return near.zone !== undefined && zone === near.zone ? 1 : 2;
  };
  return instances.toSorted(
    (a, b) => distanceOf(a) - distanceOf(b) || a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1),
  );
}
