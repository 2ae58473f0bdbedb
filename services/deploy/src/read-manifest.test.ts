import fs from 'node:fs/promises';
import path from 'node:path';
import { silentLog } from '@plumb/base';
import { createDispatcher } from '@plumb/rpc';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { deployContract, type DeployHandlers } from './contract.ts';
import { readManifest } from './read-manifest.ts';

test('no other file of the host is read and quoted in its faults', async () => {
  await using directory = await openTemporaryDirectory();
  const secret = 'root:$6$salt$hash: 1\n';
  for (const name of ['shadow', '.env', 'plumb.yaml.bak', 'key']) {
    await fs.writeFile(path.join(directory.path, name), secret);
    const reading = readManifest({ directory: directory.path, manifest: name });
    await expect(reading).rejects.toMatchObject({ code: 'invalid', message: expect.not.stringContaining('salt') });
  }
  const outside = readManifest({ directory: path.join(directory.path, 'app'), manifest: '../plumb.yaml' });
  await expect(outside).rejects.toMatchObject({ code: 'invalid' });
  await fs.writeFile(path.join(directory.path, 'other.yml'), 'plumb: 1\nname: a\nprocesses: { web: { command: x } }\n');
  expect(await readManifest({ directory: directory.path, manifest: 'other.yml' })).toMatchObject({
    manifest: { name: 'a' },
  });
});

test('who may only read what is deployed may not have files of the host read', async () => {
  const dispatcher = createDispatcher({ log: silentLog, clock: createFakeClock() });
  const never = (): never => {
    throw new Error('it was called');
  };
  const handlers: DeployHandlers = {
    plan: never,
    deploy: never,
    status: never,
    watch: never,
    logs: never,
    restart: never,
    stop: never,
    kill: never,
    remove: never,
  };
  dispatcher.add('deploy', deployContract, handlers);
  const reader = { id: 'reader', scopes: ['deploy:read'] };
  await expect(dispatcher.call('deploy.plan', { directory: '/etc' }, reader)).rejects.toMatchObject({ code: 'denied' });
});
