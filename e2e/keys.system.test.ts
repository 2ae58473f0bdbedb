// Keys of CURVE as a running plumbd hands them out: each instance has its own, and the door's can be replaced.
import { type Channel, createConnection } from '@plumb/rpc';
import { derivePublicKey, openZeromqChannel } from '@plumb/rpc/node';
import { openTemporaryDirectory, until } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ownedProcesses, startPlumb, TIPJAR } from './src/plumb-process.ts';

type Environment = Readonly<Record<string, string>>;

/** What the process of `component` was started with. */
async function environmentOf(dataDirectory: string, component: string): Promise<Environment> {
  for (const pid of await ownedProcesses(dataDirectory)) {
    const text = await fs.readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const environment = Object.fromEntries(text.split('\0').map((line) => line.split(/=(.*)/s, 2)));
    if (environment['PLUMB_COMPONENT'] === component) return environment as Environment;
  }
  throw new Error(`${component} does not run`);
}

test('an instance is known by a key of its own as long as it runs; a new key of the door reaches all children', async () => {
  await using directory = await openTemporaryDirectory();
  const keyFile = path.join(directory.path, 'curve');
  const openAs = (
    { PLUMB_CURVE_KEY: secretKey = '', PLUMB_RPC: address = '' }: Environment,
    serverKey: string,
  ): Promise<Channel> =>
    openZeromqChannel({ address, curve: { serverKey, keys: { secretKey, publicKey: derivePublicKey(secretKey) } } });
  let oldKey: string;
  {
    await using plumb = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR });
    oldKey = plumb.doors.rpcKey;
    expect(derivePublicKey((await fs.readFile(keyFile, 'utf8')).trim())).toBe(oldKey);
    const web = await environmentOf(directory.path, 'web');
    expect(web).toMatchObject({ PLUMB_RPC: plumb.doors.rpc.at(-1), PLUMB_RPC_KEY: oldKey });
    expect(web).not.toHaveProperty('PLUMB_TOKEN');

    const channel = await openAs(web, oldKey);
    using connection = createConnection(channel);
    expect(await connection.call('identity.whoami', {})).toMatchObject({ id: web['PLUMB_INSTANCE'] });
    const publicKey = derivePublicKey(web['PLUMB_CURVE_KEY'] ?? '');
    const caller = { id: web['PLUMB_INSTANCE'], application: 'tipjar' };
    expect(await connection.call('identity.identify', { publicKey })).toMatchObject({ caller });
    await expect(connection.call('config.list', { application: 'other' })).rejects.toMatchObject({ code: 'denied' });

    await plumb.services.deploy.stop({ application: 'tipjar', component: 'web' });
    await until('the connection of the instance has ended', () => channel.closed.aborted, { timeoutMs: 30_000 });
    await expect(openAs(web, oldKey)).rejects.toMatchObject({ code: 'denied' });
    expect(await plumb.services.identity.identify({ publicKey })).toEqual({});
    await plumb.services.deploy.restart({ application: 'tipjar', component: 'web' });
  }

  await fs.rm(keyFile);
  await using plumb = await startPlumb({ dataDirectory: directory.path });
  expect(plumb.doors.rpcKey).not.toBe(oldKey);
  let web: Environment = {};
  await until('the application runs', async () => {
    web = await environmentOf(directory.path, 'web').catch(() => ({}));
    return web['PLUMB_RPC_KEY'] === plumb.doors.rpcKey;
  });
  const address = plumb.doors.rpc.at(-1) ?? '';
  await expect(openZeromqChannel({ address, token: plumb.token, curve: { serverKey: oldKey } })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('does the server hold another key?'),
  });
  // The program itself got through: it says which revision of its configuration it runs.
  await until(
    'the application follows its configuration',
    async () =>
      (await plumb.services.config.convergence({ application: 'tipjar' })).instances.some(
        ({ instance }) => instance === web['PLUMB_INSTANCE'],
      ),
    { timeoutMs: 30_000 },
  );
});
