/** Every fault that changes have: of the values themselves, of paths that clash, and against the schema. */
import { OperatingError } from '@plumb/base';
import { setImmediate as breathe } from 'node:timers/promises';
import type { ApplicationValues } from './application-values.ts';
import type { SchemaCheck } from './compile-schema.ts';
import type { ConfigFault } from './contract/guards.ts';
import type { KeyChange } from './key-change.ts';
import { pathClashes } from './path-clash.ts';
import { schemaPlaces, valuesAtPlace } from './schema-places.ts';
import { valueFaults } from './value-faults.ts';

/** More faults than a person mends before trying again. */
const FAULTS_MAX = 1_000;
/** Faults that a message names; all are in its details. */
const FAULTS_IN_MESSAGE = 5;

type Deploy = { readonly environment?: string | undefined } | undefined;

/** The schema is asked only where values and paths are right. */
export async function changeFaults(
  state: ApplicationValues,
  changes: readonly KeyChange[],
  check: SchemaCheck | undefined,
  deploy?: Deploy,
): Promise<ConfigFault[]> {
  if (changes.length === 0 && deploy === undefined) return [];
  const faults = [...valueFaults(state, changes), ...pathClashes(state, changes)];
  if (faults.length > 0 || check === undefined) return faults.slice(0, FAULTS_MAX);
  return schemaFaults(state, check, { changes, deploy });
}

/**
 * Against the schema alone, at every place that the changes reach; without changes at every place that there is. Others
 * have their turn between two places, so that the largest application holds nobody up.
 */
export async function schemaFaults(
  state: ApplicationValues,
  check: SchemaCheck,
  { changes = [], deploy }: { readonly changes?: readonly KeyChange[]; readonly deploy?: Deploy } = {},
): Promise<ConfigFault[]> {
  const touched = new Set(changes.map(({ layer }) => layer));
  const faults = new Map<string, ConfigFault>();
  for (const place of schemaPlaces(state, changes, deploy)) {
    if (touched.size > 0 && !place.layers.some((layer) => touched.has(layer))) continue;
    if (place.name !== undefined) await breathe();
    const values = valuesAtPlace(state, place, changes);
    for (const { key, keyword, reason } of check(new Map([...values].map(([name, { value }]) => [name, value])))) {
      // Another place, which names all that there is, tells.
      if (place.isPartial && keyword === 'required') continue;
      const layer = values.get(key)?.layer;
      const id = `${key} ${layer} ${reason}`;
      if (faults.has(id)) continue;
      const where = place.name === undefined ? '' : ` (in ${place.name})`;
      faults.set(id, { key, ...(layer !== undefined && { layer }), reason: `${reason}${where}` });
      if (faults.size === FAULTS_MAX) return [...faults.values()];
    }
  }
  return [...faults.values()];
}

/** `invalid`, with the first faults in the message and all in `details.faults`. */
export function faultsError(application: string, faults: readonly ConfigFault[]): OperatingError {
  const lines = faults
    .slice(0, FAULTS_IN_MESSAGE)
    .map(({ key, reason }) => (key === '' ? `${application}: ${reason}` : `${application}.${key} ${reason}`));
  const more = faults.length - lines.length;
  const message = more > 0 ? `${lines.join('; ')}; and ${more} more` : lines.join('; ');
  return new OperatingError('invalid', message, { details: { faults: [...faults] } });
}
