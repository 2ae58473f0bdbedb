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
  const value = state.valueAt(place, key);
  if (value === undefined) return undefined;
  const winner = state.winner(place, key);
  // What a rollout alone gives has no entry of its own.
  if (winner === undefined) {
    const { revision, changedAt: at, overlay } = state;
    return { application, key, value, layer: 'common', revision, author: `rollout ${overlay?.id}`, at };
  }
  return { ...layerEntry(application, state, { key, found: winner, mayOpen: place.mayOpen }), value };
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
