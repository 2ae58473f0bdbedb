/** Many values that come from a file, on their way to one layer: sealed where they are secret, checked, then set. */
import { OperatingError } from '@plumb/base';
import { isSealedValue } from '@plumb/config/feed';
import type { ImportedValue } from '@plumb/config/import';
import type { ConfigClient, ConfigEntry, ValueChange, WantedChange } from '@plumb/config-store';
import { isDeepStrictEqual } from 'node:util';
import { createReaders, createSealer } from './config-seal.ts';
import { faultsOf } from './fault-lines.ts';

/** `CHANGES_MAX` of the store. */
export const CHANGES_PER_SET_MAX = 250;

export type Target = { readonly application: string; readonly layer: string };

export type IncomingValue = ImportedValue & {
  /** It is sealed on its way. */
  readonly isSecret: boolean;
};

export type PlanOptions = {
  /** Open what is there, so that the same secret is not set again. */
  readonly identities: readonly string[];
  /** Take away what the layer has and the file has not. */
  readonly isComplete: boolean;
  /** Called for each value that was looked at: sealing thousands takes seconds. */
  readonly onStep: () => void;
};

/** What to ask of the store, without what is there already. @throws OperatingError as sealing does. */
export async function planChanges(
  config: Pick<ConfigClient, 'list' | 'recipientsFor'>,
  { application, layer }: Target,
  values: ReadonlyMap<string, IncomingValue>,
  { identities, isComplete, onStep }: PlanOptions,
): Promise<readonly WantedChange[]> {
  const entries = await config.list({ application, layer });
  const present = new Map(entries.map((entry) => [entry.key, entry]));
  const seal = createSealer(config, application);
  const readers = createReaders(config, application);
  const changes: WantedChange[] = [];
  for (const [key, { value, isSecret }] of values) {
    onStep();
    const before = present.get(key);
    if (!isSecret || isSealedValue(value)) {
      if (before === undefined || !isDeepStrictEqual(before.value, value)) changes.push({ key, layer, value });
      continue;
    }
    const isSame = before !== undefined && (await holds(before, value, { identities, readers: await readers(layer) }));
    if (!isSame) changes.push({ key, layer, value: await seal({ key, layer, value }) });
  }
  if (!isComplete) return changes;
  const surplus = [...present.keys()].filter((key) => !values.has(key));
  return [...changes, ...surplus.map((key) => ({ key, layer }))];
}

/** Whether the entry is the same secret for the same readers, as far as it can be opened here. */
async function holds(
  { application, key, value: before }: ConfigEntry,
  value: unknown,
  { identities, readers }: { readonly identities: readonly string[]; readonly readers: readonly string[] },
): Promise<boolean> {
  if (!isSealedValue(before) || identities.length === 0 || !isDeepStrictEqual(before.to, readers)) return false;
  const { openSealedValue } = await import('@plumb/vault');
  return openSealedValue({ application, key, sealed: before, identities }).then(
    (opened) => isDeepStrictEqual(opened, value),
    () => false,
  );
}

/**
 * What would be different, by the store's own word.
 * @throws OperatingError `invalid` with every fault at its place in the file.
 */
export async function checkChanges(
  config: Pick<ConfigClient, 'change'>,
  { application }: Target,
  changes: readonly WantedChange[],
  placeOf: (key: string) => string | undefined,
): Promise<readonly ValueChange[]> {
  const found: ValueChange[] = [];
  for (const part of partsOf(changes)) {
    const outcome = await config.change({ application, changes: part, isDryRun: true }).catch(placed(placeOf));
    if (outcome.kind === 'checked') found.push(...outcome.changes);
  }
  return found;
}

/** In sets of as many as the store takes at once. */
export function partsOf(changes: readonly WantedChange[]): WantedChange[][] {
  const count = Math.ceil(changes.length / CHANGES_PER_SET_MAX);
  return Array.from({ length: count }, (_, i) => changes.slice(i * CHANGES_PER_SET_MAX, (i + 1) * CHANGES_PER_SET_MAX));
}

/** Throws an error again with the places of its faults. */
export function placed(placeOf: (key: string) => string | undefined): (error: unknown) => never {
  return (error) => {
    const faults = faultsOf(error);
    if (!(error instanceof OperatingError) || faults.length === 0) throw error;
    throw new OperatingError(error.code, error.message, {
      cause: error,
      details: { ...error.details, faults: faults.map((fault) => ({ ...fault, at: placeOf(fault.key) })) },
    });
  };
}
