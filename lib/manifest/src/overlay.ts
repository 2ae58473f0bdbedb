import type { MapEntry, Node } from './node.ts';

/**
 * `base` with `overlay` laid over it: maps are merged key by key, anything else is replaced, and a key without a value
 * (`web:` or `web: null`) is taken away. Values keep the places where they were written.
 */
export function layOver(base: Node, overlay: Node): Node {
  if (base.kind !== 'map' || overlay.kind !== 'map') return overlay;
  const entries = new Map<string, MapEntry>(base.entries);
  for (const [key, entry] of overlay.entries) {
    const under = entries.get(key);
    if (entry.value.kind === 'scalar' && entry.value.value === null) entries.delete(key);
    else entries.set(key, under === undefined ? entry : { key: entry.key, value: layOver(under.value, entry.value) });
  }
  return { ...base, entries };
}
