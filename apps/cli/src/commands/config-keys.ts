import { OperatingError, systemClock } from '@plumb/base';
import type { Clients } from '@plumb/plumbd/clients';
import path from 'node:path';
import { type Command, refuseMore, text } from '../command.ts';
import { IDENTITY_FLAG, readIdentities } from '../config-identity.ts';
import { applicationName, parsePlace } from '../config-place.ts';

const REACH_FLAGS = {
  application: {
    type: 'string',
    value: 'NAME',
    short: 'a',
    help: 'for secrets of this application only (default: of all)',
  },
  env: { type: 'string', value: 'NAME', short: 'e', help: 'for secrets of this environment only (default: of all)' },
} as const;

export const configKeysCreate: Command = {
  name: 'config keys create',
  summary: 'Make your own age key, and have secrets sealed for you from now on.',
  usage: '',
  details:
    'The key stays in a file that only you can read; Plumb learns the public half. Secrets that exist already are sealed for you with "plumb config rekey", by somebody who can open them.',
  examples: ['plumb config keys create', 'plumb config keys create --application tipjar --env production'],
  flags: {
    ...REACH_FLAGS,
    file: { type: 'string', value: 'FILE', help: 'where to keep it (default: ~/.config/plumb/age.key)' },
    'no-register': { type: 'boolean', help: 'make it and tell nobody; needs no plumbd' },
  },
  async run(words, flags, shell) {
    refuseMore(words, 0);
    const { createIdentityFile, personalIdentityPath } = await import('@plumb/vault/node');
    const named = text(flags, 'file');
    const file = named === undefined ? personalIdentityPath(shell.env) : path.resolve(shell.directory, named);
    const reach = readReach(text(flags, 'application'), text(flags, 'env'));
    // Asked first: a key that nobody seals for would be found out too late.
    const clients = flags['no-register'] === true ? undefined : await shell.connect();
    const owner = clients === undefined ? undefined : (await clients.identity.whoami({})).id;
    const recipient = await createIdentityFile(file, { clock: systemClock });
    if (clients !== undefined && owner !== undefined) await register(clients, { recipient, owner, ...reach }, file);
    if (shell.isJson) {
      shell.json({ file, recipient, owner: owner ?? null });
      return 0;
    }
    shell.out(recipient);
    shell.err(`its key is in ${file}: keep a copy where only you have access, nobody can make it again`);
    if (owner !== undefined) shell.err(`what is sealed from now on is sealed for ${owner} too`);
    return 0;
  },
};

async function register(
  { config }: Clients,
  wanted: Parameters<Clients['config']['addRecipient']>[0],
  file: string,
): Promise<void> {
  try {
    await config.addRecipient(wanted);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    const advice = `somebody who may runs "plumb config recipients add ${wanted.recipient} --owner ${wanted.owner}"`;
    throw new OperatingError(
      error.code,
      `the key is made, in ${file}, but not registered: ${error.message}; ${advice}`,
      {
        cause: error,
      },
    );
  }
}

export const configKeysShow: Command = {
  name: 'config keys show',
  summary: 'Show the public half of your age key, and for whom it is registered.',
  usage: '',
  examples: ['plumb config keys show', 'plumb config keys show --identity old.key --json'],
  flags: IDENTITY_FLAG,
  async run(words, flags, shell) {
    refuseMore(words, 0);
    const { recipientOf } = await import('@plumb/vault');
    const recipients = await Promise.all((await readIdentities(flags, shell)).map(recipientOf));
    // The key is there without a plumbd too: then it is shown without who knows it.
    const registered = await shell
      .connect()
      .then(({ config }) => config.recipients({}))
      .catch(() => undefined);
    const lines = recipients.map((recipient) => {
      const uses = registered?.filter((one) => one.recipient === recipient);
      return {
        recipient,
        uses: uses?.map(({ owner, application, environment }) => ({ owner, application, environment })),
      };
    });
    if (shell.isJson) {
      shell.json(lines);
      return 0;
    }
    for (const { recipient, uses } of lines) {
      shell.out(recipient);
      if (uses === undefined) shell.err('  whether it is registered cannot be seen: no plumbd answers');
      else if (uses.length === 0) {
        shell.err(
          `  not registered: "plumb config recipients add ${recipient} --owner NAME" has secrets sealed for it`,
        );
      }
      for (const { owner, application, environment } of uses ?? []) {
        shell.err(`  as ${owner}, of ${application ?? 'every application'} in ${environment ?? 'every environment'}`);
      }
    }
    return 0;
  },
};

/** Of which application and environment; absent is all of them. @throws UsageError. */
export function readReach(
  application: string | undefined,
  environment: string | undefined,
): { readonly application?: string; readonly environment?: string } {
  return {
    ...(application !== undefined && { application: applicationName(application) }),
    ...(environment !== undefined && { environment: parsePlace(environment).environment ?? '' }),
  };
}
