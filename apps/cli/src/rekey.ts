/**
 * Seals the secrets of an application again, for those who should read them now. Each is stored only over the revision
 * that was opened, so a value that changes meanwhile is left alone; what has the right readers is passed over, so it can
 * be ended and started again at any time.
 */
import { describeError, OperatingError } from '@plumb/base';
import { isSealedValue } from '@plumb/config/feed';
import { parseLayer } from '@plumb/config/layers';
import type { ConfigClient, ConfigEntry } from '@plumb/config-store';
import { createReaders } from './config-seal.ts';

export type Place = { readonly application: string; readonly key: string; readonly layer: string };
export type RekeyOutcome = Place &
  (
    | { readonly kind: 'sealed'; readonly revision: number }
    | { readonly kind: 'current' }
    | { readonly kind: 'proposed'; readonly proposal: string }
    | { readonly kind: 'failed'; readonly reason: string }
  );

/** The secrets of an application, in all layers or in those of one environment. */
export async function listSecrets(
  config: Pick<ConfigClient, 'layers' | 'list'>,
  application: string,
  environment: string | undefined,
): Promise<readonly ConfigEntry[]> {
  const { layers } = await config.layers({ application });
  const chosen = layers.filter(({ layer }) => environment === undefined || environmentOf(layer) === environment);
  const entries = await Promise.all(chosen.map(({ layer }) => config.list({ application, layer })));
  return entries.flat().filter(({ value }) => isSealedValue(value));
}

/** One at a time, in the order that is given. */
export async function* rekey(
  config: Pick<ConfigClient, 'recipientsFor' | 'set'>,
  secrets: readonly ConfigEntry[],
  identities: readonly string[],
): AsyncGenerator<RekeyOutcome> {
  const readersOf = new Map<string, ReturnType<typeof createReaders>>();
  for (const entry of secrets) {
    const { application, key, layer } = entry;
    const readers = readersOf.get(application) ?? createReaders(config, application);
    readersOf.set(application, readers);
    try {
      yield { application, key, layer, ...(await rekeyOne(config, entry, await readers(layer), identities)) };
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      yield { application, key, layer, kind: 'failed', reason: describeError(error) };
    }
  }
}

type One =
  | { readonly kind: 'sealed'; readonly revision: number }
  | { readonly kind: 'current' }
  | { readonly kind: 'proposed'; readonly proposal: string }
  | { readonly kind: 'failed'; readonly reason: string };

async function rekeyOne(
  config: Pick<ConfigClient, 'set'>,
  { application, key, layer, value, revision }: ConfigEntry,
  recipients: readonly string[],
  identities: readonly string[],
): Promise<One> {
  if (!isSealedValue(value)) return { kind: 'current' };
  if (value.$sealed === '')
    return { kind: 'failed', reason: 'it is not sealed for you: one of its readers has to do it' };
  if (value.to.length === recipients.length && value.to.every((one, i) => one === recipients[i]))
    return { kind: 'current' };
  if (layer === 'manifest') return { kind: 'failed', reason: 'it stands in plumb.yaml: seal it again there' };
  const { resealValue } = await import('@plumb/vault');
  const sealed = await resealValue({ application, key, sealed: value, identities, recipients });
  const outcome = await config.set({
    application,
    key,
    layer,
    value: sealed,
    ifRevision: revision,
    comment: 'sealed again for its readers',
  });
  switch (outcome.kind) {
    case 'stored':
      return { kind: 'sealed', revision: outcome.revision };
    case 'proposed':
      return { kind: 'proposed', proposal: outcome.proposal };
    case 'conflict':
      return { kind: 'failed', reason: 'somebody changed it meanwhile: do it again' };
  }
}

function environmentOf(layer: string): string | undefined {
  const parsed = parseLayer(layer);
  return parsed.kind === 'environment' || parsed.kind === 'environment-region' ? parsed.environment : undefined;
}
