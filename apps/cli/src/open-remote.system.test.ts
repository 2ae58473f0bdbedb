// Servers that are named on the command line: real ones, by TCP with keys, by socket file with a token, and by name.
import { OperatingError } from '@plumb/base';
import type { RegistryClient } from '@plumb/registry';
import { generateKeyPair, serve } from '@plumb/rpc/node';
import { openTemporaryDirectory } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openRemote, type OpenRemoteOptions, type Remote } from './open-remote.ts';

const keys = generateKeyPair();
const mine = generateKeyPair();
const methods = { add: (a: number, b: number) => a + b };

async function add(remote: Remote, options: Partial<OpenRemoteOptions> = {}): Promise<unknown> {
  const registry = (): never => {
    throw new Error('not asked for');
  };
  const signal = new AbortController().signal;
  using connection = await openRemote(remote, { env: {}, registry, signal, ...options });
  return await connection.call('math.add', [1, 2]);
}

test('a server by TCP is reached with its key and ours, from a file or the environment', async () => {
  await using directory = await openTemporaryDirectory();
  await using server = await serve({ name: 'math', methods, keys, callers: { [mine.publicKey]: 'me' } });
  const keyFile = path.join(directory.path, 'my.key');
  await fs.writeFile(keyFile, `${mine.secretKey}\n`, { mode: 0o600 });
  const [address = ''] = server.addresses;
  const serverKey = keys.publicKey;
  expect(await add({ target: server.target, serverKey, keyFile })).toBe(3);
  expect(await add({ target: address, serverKey }, { env: { PLUMB_CURVE_KEY: mine.secretKey } })).toBe(3);

  const check = async (remote: Partial<Remote>, message: string, env = {}): Promise<void> => {
    const failed = await add({ target: address, ...remote }, { env }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(OperatingError);
    expect(String(failed)).toContain(message);
    expect(String(failed)).not.toContain(mine.secretKey.slice(0, 8));
  };
  await check({ serverKey: generateKeyPair().publicKey, keyFile }, 'cannot reach');
  await check({ serverKey, keyFile: '/nowhere/my.key' }, 'cannot read the key file /nowhere/my.key (ENOENT)');
  await check({ serverKey }, '$PLUMB_CURVE_KEY does not hold a secret key', { PLUMB_CURVE_KEY: 'short' });
  const untold = `cannot know whether ${address} is the right server: name the public key that it must hold with --server-key`;
  await check({ keyFile }, untold);
  await check({}, untold, { PLUMB_TOKEN: 'secret' });
  await check({}, untold);
  await check(
    { serverKey },
    `${address} does not let everybody in: show who calls with --key-file, or with a token in`,
  );
  await check({ serverKey: 'xx', keyFile }, "the server's public key has 2 characters, not 40");
  await fs.chmod(keyFile, 0o640);
  await check({ serverKey, keyFile }, `other accounts can read the key file ${keyFile}: "chmod 600`);
});

test('a server by its socket file is shown a token', async () => {
  await using directory = await openTemporaryDirectory();
  const at = `ipc://${path.join(directory.path, 'x.sock')}`;
  await using server = await serve({ name: 'math', methods, at, tokens: { secret: 'me' } });
  expect(await add({ target: server.target }, { env: { PLUMB_TOKEN: 'secret' } })).toBe(3);
  await expect(add({ target: at }, { env: { PLUMB_TOKEN: 'guess' } })).rejects.toMatchObject({ code: 'denied' });
});

test('a name is asked for in the dictionary, and instances that do not answer are passed over', async () => {
  await using server = await serve({ name: 'math', methods, keys, callers: { [mine.publicKey]: 'me' } });
  const port = Number(server.addresses[0]?.split(':').at(-1));
  const instance = (id: string, at: number): object => ({
    id,
    service: 'math',
    address: '127.0.0.1',
    port: at,
    health: { state: 'ready' },
    publicKey: keys.publicKey,
  });
  const registryOf = (instances: object[]): RegistryClient =>
    ({
      async *watchService() {
        yield { kind: 'snapshot', revision: 1, instances };
      },
    }) as unknown as RegistryClient;
  const call = (instances: object[]): Promise<unknown> => {
    const env = { PLUMB_CURVE_KEY: mine.secretKey };
    return add({ target: 'registry:math' }, { env, registry: async () => registryOf(instances) });
  };
  // Nothing listens on port 1.
  expect(await call([instance('gone', 1), instance('here', port)])).toBe(3);
  await expect(call([instance('gone', 1)])).rejects.toMatchObject({ code: 'unavailable' });
  await expect(call([])).rejects.toMatchObject({ message: expect.stringContaining('math has no ready instance') });
});
