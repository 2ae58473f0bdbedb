/** Values as they are told: with their layer, author and time, and without what is not for the reader. Pure. */
import type { ApplicationValues, LayeredValue, ViewPlace } from './application-values.ts';
import type { ConfigEntry } from './contract/shapes.ts';
import { type MayOpen, redact } from './redact.ts';

/** What is in force at a place. */
export function entryAt(
  application: string,
  state: ApplicationValues,
  place: ViewPlace,
  key: string,
): ConfigEntry | undefined {
  const source = state.sourceAt(place, key);
  if (source === undefined) return undefined;
  const { layer, value } = source;
  const kept = state.get(layer, key);
  // What a rollout gives has no entry of its own yet.
  const { revision, changedAt: at, overlay } = state;
  const found = kept?.value === value ? kept : { value, layer, revision, author: `rollout ${overlay?.id}`, at };
  return layerEntry(application, state, { key, found, mayOpen: place.mayOpen });
}

export function entriesAt(application: string, state: ApplicationValues, place: ViewPlace): ConfigEntry[] {
  return state.keysAt(place).flatMap((key) => entryAt(application, state, place, key) ?? []);
}

/** What one layer says. */
export function layerEntry(
  application: string,
  state: ApplicationValues,
  { key, found, mayOpen }: { readonly key: string; readonly found: LayeredValue; readonly mayOpen: MayOpen },
): ConfigEntry {
  const { value, layer, revision, author, at, comment } = found;
  const manifest = layer === 'manifest' ? undefined : state.get('manifest', key)?.value;
  return {
    application,
    key,
    value: redact(value, mayOpen),
    layer,
    revision,
    author,
    at,
    ...(comment !== undefined && { comment }),
    ...(manifest !== undefined && { manifestValue: redact(manifest, mayOpen) }),
  };
}

export function layerEntries(
  application: string,
  state: ApplicationValues,
  layer: string,
  mayOpen: MayOpen,
): ConfigEntry[] {
  const found = [...state.entries(layer)].sort(([a], [b]) => (a < b ? -1 : 1));
  return found.map(([key, value]) => layerEntry(application, state, { key, found: value, mayOpen }));
}
