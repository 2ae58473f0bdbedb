/**
 * Secrets on their way to the store: sealed here, by their author, to those who may read them where they are set. What does
 * the cryptography is loaded when there is something to seal, since it takes as long as all other commands need to start.
 */
import { OperatingError } from '@plumb/base';
import type { ConfigClient } from '@plumb/config-store';
import type { SealableValue, SealedValue } from '@plumb/vault';

export type Sealer = (at: {
  readonly key: string;
  readonly layer: string;
  readonly value: SealableValue;
}) => Promise<SealedValue>;

/** Asks once a layer who the readers are. @throws OperatingError `not-found` where there are none, with what to do. */
export function createSealer(config: Pick<ConfigClient, 'recipientsFor'>, application: string): Sealer {
  const readers = createReaders(config, application);
  return async ({ key, layer, value }) => {
    const { sealValue } = await import('@plumb/vault');
    return sealValue({ application, key, value, recipients: await readers(layer) });
  };
}

/** The recipients of a layer, sorted, asked for once. */
export function createReaders(
  config: Pick<ConfigClient, 'recipientsFor'>,
  application: string,
): (layer: string) => Promise<readonly string[]> {
  const known = new Map<string, Promise<readonly string[]>>();
  return (layer) => {
    const asked = known.get(layer) ?? askReaders(config, application, layer);
    known.set(layer, asked);
    return asked;
  };
}

async function askReaders(
  config: Pick<ConfigClient, 'recipientsFor'>,
  application: string,
  layer: string,
): Promise<readonly string[]> {
  const registered = await config.recipientsFor({ application, layer });
  if (registered.length === 0) {
    const advice = `deploy ${application} there, which makes its key, or "plumb config keys create" for yourself`;
    throw new OperatingError('not-found', `nobody could open a secret of ${application} in ${layer}: ${advice}`);
  }
  return [...new Set(registered.map(({ recipient }) => recipient))].sort();
}
