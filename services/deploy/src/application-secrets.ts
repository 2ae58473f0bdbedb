/**
 * What an application opens its secrets with: an age identity for each environment on this host, in
 * `DATA/age/APPLICATION.ENVIRONMENT.key`, and where its processes keep their copies of the configuration, encrypted to it,
 * `DATA/config-copies/APPLICATION/COMPONENT/ENVIRONMENT.copy`.
 *
 * The identity never leaves the host: the configuration service is told its recipient only. It stays when the application is
 * removed, since values that people have sealed to it stay too, and nothing else opens them.
 */
import type { Clock } from '@plumb/base';
import type { ConfigClient } from '@plumb/config-store';
import { recipientOf } from '@plumb/vault';
import { ensureIdentityFile } from '@plumb/vault/node';
import fs from 'node:fs/promises';
import path from 'node:path';

/** What an application is deployed in when nobody names an environment: secrets are not told apart by it. */
const DEFAULT_ENVIRONMENT = 'default';

type SecretsDependencies = { readonly dataDirectory: string; readonly clock: Clock };
type Place = { readonly application: string; readonly environment: string };

/** Makes the identity if there is none, and says whom secrets are to be sealed to. Safe to repeat. */
export async function registerRecipient(
  place: Place,
  { config, ...dependencies }: SecretsDependencies & { readonly config: Pick<ConfigClient, 'addRecipient'> },
): Promise<void> {
  const { application, environment } = place;
  await config.addRecipient({
    recipient: await recipientOf(await ensureIdentity(place, dependencies)),
    owner: `application:${application}`,
    application,
    ...(environment !== DEFAULT_ENVIRONMENT && { environment }),
  });
}

/** The variables by which a process opens secrets, and finds its copy of the configuration. */
export async function secretsEnvironment(
  place: Place & { readonly component: string },
  dependencies: SecretsDependencies,
): Promise<Readonly<Record<string, string>>> {
  const { application, component, environment } = place;
  return {
    PLUMB_AGE_KEY: await ensureIdentity(place, dependencies),
    PLUMB_CONFIG_COPY: path.join(copiesOf(dependencies, application, component), `${environment}.copy`),
  };
}

/** Removes the copies of an application, or those of one component. Safe to call twice. */
export async function removeCopies(
  { application, component }: { readonly application: string; readonly component?: string },
  dependencies: Pick<SecretsDependencies, 'dataDirectory'>,
): Promise<void> {
  await fs.rm(copiesOf(dependencies, application, component), { recursive: true, force: true });
}

/** The first of its file: others may follow that it replaced. */
async function ensureIdentity(
  { application, environment }: Place,
  { dataDirectory, clock }: SecretsDependencies,
): Promise<string> {
  // Names hold no dots, so no two places have one file.
  const file = path.join(dataDirectory, 'age', `${application}.${environment}.key`);
  const [identity = ''] = await ensureIdentityFile(file, { clock });
  return identity;
}

function copiesOf(
  { dataDirectory }: Pick<SecretsDependencies, 'dataDirectory'>,
  application: string,
  component = '',
): string {
  // Processes run in a folder of their own.
  return path.resolve(dataDirectory, 'config-copies', application, component);
}
