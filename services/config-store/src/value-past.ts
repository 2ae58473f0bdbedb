/** What differs between two revisions, and how to go back to one. */
import { OperatingError } from '@plumb/base';
import { isDeepStrictEqual } from 'node:util';
import type { ConfigValue } from '@plumb/config/feed';
import type { ApplicationValues } from './application-values.ts';
import type { ValueChange } from './contract/shapes.ts';
import type { KeyChange } from './key-change.ts';
import { valueId } from './stored-items.ts';
import type { PastValue, ValueHistory } from './value-history.ts';

/** Keys that a message names; all are in its details. */
const KEYS_IN_MESSAGE = 5;

type Known = Extract<PastValue, { kind: 'known' }>;

/** By key and layer. @throws OperatingError `not-found` where the history does not reach back that far; `invalid` for the future. */
export async function diffRevisions(
  history: ValueHistory,
  application: string,
  state: ApplicationValues,
  { from, to = state.revision }: { readonly from: number; readonly to?: number | undefined },
): Promise<ValueChange[]> {
  const [before, after] = [
    await pastOf(history, application, state, from),
    await pastOf(history, application, state, to),
  ];
  const ids = new Map([...before, ...after].map(([id, { key, layer }]) => [id, { key, layer }]));
  const valueOf = (
    past: ReadonlyMap<string, Known>,
    id: string,
    place: Pick<Known, 'key' | 'layer'>,
  ): ConfigValue | undefined => (past.has(id) ? past.get(id)?.value : state.get(place.layer, place.key)?.value);
  return [...ids]
    .sort(([, a], [, b]) => (a.key === b.key ? (a.layer < b.layer ? -1 : 1) : a.key < b.key ? -1 : 1))
    .flatMap(([id, place]) => {
      const [old, next] = [valueOf(before, id, place), valueOf(after, id, place)];
      if (isDeepStrictEqual(old, next)) return [];
      return [{ ...place, ...(old !== undefined && { before: old }), ...(next !== undefined && { after: next }) }];
    });
}

/** What must be set and unset to have the values of a revision again; the manifest's are not touched. */
export async function planRollback(
  history: ValueHistory,
  application: string,
  state: ApplicationValues,
  { revision, keys }: { readonly revision: number; readonly keys?: readonly string[] | undefined },
): Promise<KeyChange[]> {
  const wanted = keys && new Set(keys);
  const isWanted = ({ key, layer }: PastValue): boolean =>
    layer !== 'manifest' && (wanted === undefined || wanted.has(key));
  const past = await pastOf(history, application, state, revision, isWanted);
  return [...past.values()].map(({ layer, key, value }) => ({ layer, key, ...(value !== undefined && { value }) }));
}

async function pastOf(
  history: ValueHistory,
  application: string,
  state: ApplicationValues,
  revision: number,
  isWanted: (value: PastValue) => boolean = () => true,
): Promise<ReadonlyMap<string, Known>> {
  if (revision > state.revision) {
    const present = `it is at revision ${state.revision}`;
    throw new OperatingError('invalid', `${application} was never at revision ${revision}: ${present}`);
  }
  const past = (await history.at(application, state, revision)).filter(isWanted);
  const unknown = [...new Set(past.flatMap((value) => (value.kind === 'unknown' ? [value.key] : [])))].sort();
  if (unknown.length > 0) {
    const names = unknown.slice(0, KEYS_IN_MESSAGE).join(', ');
    const more = unknown.length > KEYS_IN_MESSAGE ? ` and ${unknown.length - KEYS_IN_MESSAGE} more` : '';
    throw new OperatingError(
      'not-found',
      `the history of ${names}${more} does not reach back to revision ${revision}: choose a later one, or other keys`,
      { details: { keys: unknown } },
    );
  }
  return new Map(past.flatMap((value) => (value.kind === 'known' ? [[valueId(value.layer, value.key), value]] : [])));
}
