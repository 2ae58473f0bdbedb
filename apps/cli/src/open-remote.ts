/** Connects to a server that is named on the command line, whatever it offers. */
import { type Clock, OperatingError, systemClock } from '@plumb/base';
import { type RegistryClient, registryResolver } from '@plumb/registry';
import { type Channel, type Connection, createConnection, type Endpoint } from '@plumb/rpc';
import { type Credentials, derivePublicKey, type KeyPair, openTarget, parseTarget } from '@plumb/rpc/node';
import fs from 'node:fs/promises';

export type Remote = {
  /** `tcp://HOST:PORT`, `ipc:///PATH` or `registry:NAME`, the first two with `/NAME` or without. */
  readonly target: string;
  readonly serverKey?: string | undefined;
  /** Holds our own secret key, on one line. */
  readonly keyFile?: string | undefined;
};

export type OpenRemoteOptions = {
  /** `PLUMB_CURVE_KEY` is our secret key where no file is named, `PLUMB_TOKEN` what we show instead of one. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asked where `registry:NAME` is. */
  readonly registry: () => Promise<RegistryClient>;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
};

/**
 * One connection, which is not opened again when it is lost. Of the instances of `registry:NAME`, the first that answers.
 * @throws OperatingError `invalid` for a bad target or key, `denied`, `unavailable`.
 */
export async function openRemote(remote: Remote, options: OpenRemoteOptions): Promise<Connection> {
  const { env, signal, clock = systemClock } = options;
  const target = parseTarget(remote.target);
  const credentials = await readCredentials(remote, env);
  const open = async (address: string, serverKey: string | undefined): Promise<Channel> => {
    const { token, keys } = credentials;
    if (serverKey === undefined && (keys !== undefined || !address.startsWith('ipc:'))) {
      const advice = 'name the public key that it must hold with --server-key';
      throw new OperatingError('invalid', `cannot know whether ${address} is the right server: ${advice}`);
    }
    try {
      return await openTarget(address, { ...credentials, serverKey }, { clock, signal });
    } catch (cause) {
      const isNobody = keys === undefined && token === undefined;
      if (!isNobody || !(cause instanceof OperatingError) || cause.code !== 'denied') throw cause;
      const advice = 'show who calls with --key-file, or with a token in $PLUMB_TOKEN';
      throw new OperatingError('denied', `${address} does not let everybody in: ${advice}`, { cause });
    }
  };
  if (target.kind === 'address') {
    return createConnection(await open(target.address, credentials.serverKey), { clock });
  }
  const endpoints = await resolveOnce(target.service, options);
  const channel = await openFirst(endpoints, ({ address, serverKey }) => open(address, serverKey));
  return createConnection(channel, { clock });
}

async function readCredentials(
  { serverKey, keyFile }: Remote,
  env: OpenRemoteOptions['env'],
): Promise<Credentials & { readonly keys: KeyPair | undefined }> {
  const secretKey = keyFile === undefined ? env['PLUMB_CURVE_KEY'] : await readSecretKey(keyFile);
  const keys = secretKey === undefined || secretKey === '' ? undefined : keyPairOf(secretKey, keyFile);
  const token = env['PLUMB_TOKEN'] === '' ? undefined : env['PLUMB_TOKEN'];
  return { serverKey, keys, token };
}

async function readSecretKey(file: string): Promise<string> {
  try {
    await using handle = await fs.open(file);
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0) {
      const advice = `"chmod 600 ${file}" if nobody has read it, or make another pair with "plumb token keys"`;
      throw new OperatingError('denied', `other accounts can read the key file ${file}: ${advice}`);
    }
    return (await handle.readFile('utf8')).trim();
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new OperatingError('invalid', `cannot read the key file ${file} (${code}): name one that you may read`);
  }
}

function keyPairOf(secretKey: string, file: string | undefined): KeyPair {
  try {
    return { secretKey, publicKey: derivePublicKey(secretKey) };
  } catch {
    const where = file === undefined ? '$PLUMB_CURVE_KEY' : file;
    throw new OperatingError(
      'invalid',
      `${where} does not hold a secret key, which is 40 characters of Z85 on one line`,
    );
  }
}

async function resolveOnce(service: string, { registry, signal }: OpenRemoteOptions): Promise<readonly Endpoint[]> {
  for await (const endpoints of registryResolver(await registry())(service, signal)) {
    if (endpoints.length > 0) return endpoints;
    break;
  }
  throw new OperatingError('unavailable', `${service} has no ready instance: see "plumb resolve ${service} --all"`);
}

/** @throws what the last of them failed with. */
async function openFirst(
  endpoints: readonly Endpoint[],
  open: (endpoint: Endpoint) => Promise<Channel>,
): Promise<Channel> {
  let failure: unknown;
  for (const endpoint of endpoints) {
    try {
      return await open(endpoint);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
