/** Keys that nobody reads, and since when. Pure. */
import type { ApplicationValues } from './application-values.ts';
import type { ReadLog } from './read-log.ts';

export type UnusedKey = { readonly key: string; readonly since: number; readonly lastReadAt?: number | undefined };

/**
 * By key. Reading an object that a key is in counts as reading the key; reading everything at once does not, since every
 * program that shows or copies its configuration does. Without `unusedForMs` those that were never read; with it those too
 * that were not read for so long, and none that was set later.
 */
export function unusedKeys(
  state: ApplicationValues,
  reads: ReadLog,
  { now, unusedForMs }: { readonly now: number; readonly unusedForMs?: number | undefined },
): UnusedKey[] {
  return [...setTimes(state)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, setAt]): UnusedKey[] => {
      const lastReadAt = reads.lastReadAt(key);
      if (unusedForMs === undefined && lastReadAt !== undefined) return [];
      const since = lastReadAt ?? setAt;
      if (unusedForMs !== undefined && since > now - unusedForMs) return [];
      return [{ key, since, ...(lastReadAt === undefined ? {} : { lastReadAt }) }];
    });
}

/** When each key was set first, as far as its present values tell. */
function setTimes(state: ApplicationValues): Map<string, number> {
  const times = new Map<string, number>();
  for (const layer of state.layers()) {
    for (const [key, { at }] of state.entries(layer)) times.set(key, Math.min(at, times.get(key) ?? at));
  }
  return times;
}
