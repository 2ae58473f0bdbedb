// What an application opens its secrets with, from the deploy to the process that reads them.
import { systemClock } from '@plumb/base';
import { createMemoryEngine, openKv } from '@plumb/kv';
import { openTemporaryDirectory } from '@plumb/testing';
import { recipientOf } from '@plumb/vault';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { deployAll, openWorld, WEB, type World, writeFiles } from './world.ts';

const manifest = (environments = ''): string => `plumb: 1
name: shop
processes:
  web: { command: node web.mjs, port: auto, readinessProbe: { httpGet: /ready, periodSeconds: 0.05 } }
${environments}`;

async function openSite() {
  await using opening = new AsyncDisposableStack();
  const directory = opening.use(await openTemporaryDirectory()).path;
  const data = opening.use(await openTemporaryDirectory()).path;
  writeFiles(directory, { 'plumb.yaml': manifest('environments: { live: {} }'), 'web.mjs': WEB });
  const kv = opening.use(await openKv(createMemoryEngine(new Map()), { clock: systemClock }));
  const owner = `secrets-test-${process.pid}`;
  const world = opening.use(await openWorld({ kv, dataDirectory: data, owner }));
  const open = opening.move();
  return { directory, data, world, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** The variables of the process that runs. */
async function readEnvironment({ unit }: World): Promise<Record<string, string>> {
  const web = await unit('shop/web');
  return (await (await fetch(`${web?.url}/`)).json()) as Record<string, string>;
}

test('a first deploy makes a key, tells whom secrets are for, and hands the key to the process', async () => {
  await using site = await openSite();
  const { directory, data, world } = site;
  await deployAll(world.deploy, directory);
  const env = await readEnvironment(world);
  const key = env['PLUMB_AGE_KEY'] ?? '';
  const file = path.join(data, 'age', 'shop.default.key');
  expect(fs.readFileSync(file, 'utf8')).toContain(key);
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  expect(fs.statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  const recipient = await recipientOf(key);
  expect(await world.config.recipientsFor({ application: 'shop', layer: 'common' })).toMatchObject([
    { recipient, owner: 'application:shop', application: 'shop' },
  ]);
  const copy = path.join(data, 'config-copies', 'shop', 'web', 'default.copy');
  expect(env['PLUMB_CONFIG_COPY']).toBe(copy);

  await world.deploy.restart({ application: 'shop', component: 'web' });
  await deployAll(world.deploy, directory);
  expect(await readEnvironment(world)).toMatchObject({ PLUMB_AGE_KEY: key, PLUMB_CONFIG_COPY: copy });
});

test('each environment has a key of its own, and only its copies go with an application', async () => {
  await using site = await openSite();
  const { directory, data, world } = site;
  await deployAll(world.deploy, directory);
  const first = await readEnvironment(world);
  for await (const _ of world.deploy.deploy({ directory, environment: 'live' })) continue;
  const second = await readEnvironment(world);
  expect(second['PLUMB_AGE_KEY']).not.toBe(first['PLUMB_AGE_KEY']);
  expect(second['PLUMB_CONFIG_COPY']).toMatch(/live\.copy$/);
  expect(await world.config.layers({ application: 'shop' })).toMatchObject({ environment: 'live' });
  const recipient = await recipientOf(second['PLUMB_AGE_KEY'] ?? '');
  const live = await world.config.recipients({ application: 'shop', environment: 'live' });
  expect(live.find((one) => one.recipient === recipient)).toMatchObject({ environment: 'live' });
  const copies = path.join(data, 'config-copies', 'shop');
  fs.mkdirSync(path.join(copies, 'web'), { recursive: true });
  fs.writeFileSync(second['PLUMB_CONFIG_COPY'] ?? '', 'a copy');
  await world.deploy.remove({ application: 'shop' });
  expect(fs.existsSync(copies)).toBe(false);
  expect(fs.readdirSync(path.join(data, 'age')).sort()).toEqual(['shop.default.key', 'shop.live.key']);
});

test('a key that others can read stops a deploy, with the file and what to do', async () => {
  await using site = await openSite();
  const { directory, data, world } = site;
  await deployAll(world.deploy, directory);
  const file = path.join(data, 'age', 'shop.default.key');
  fs.chmodSync(file, 0o644);
  await expect(deployAll(world.deploy, directory)).rejects.toThrow(`others may read ${file} (mode 0644)`);
});
