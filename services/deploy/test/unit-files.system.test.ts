// Files that a process is given, made from its configuration: before it starts, and at every change.
import { systemClock } from '@plumb/base';
import { createMemoryEngine, openKv } from '@plumb/kv';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { recipientOf, sealValue } from '@plumb/vault';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { deployAll, openWorld, writeFiles } from './world.ts';

/** Reads its file at the start and at SIGHUP only, as old programs do, and says what it has. */
const PROGRAM = `
import fs from 'node:fs';
import http from 'node:http';
const read = () => fs.readFileSync('run/app.conf', 'utf8');
let conf = read();
process.on('SIGHUP', () => (conf = read()));
http.createServer((_, response) => response.end(JSON.stringify({ conf, pid: process.pid })))
  .listen(Number(process.env.PORT), process.env.HOST);
`;

const manifest = (reload: string): string => `plumb: 1
name: shop
processes:
  web:
    command: node web.mjs
    port: auto
    protocol: http
    readinessProbe: { tcpSocket: true, periodSeconds: 0.05 }
    files: [{ template: app.liquid, to: run/app.conf, reload: ${reload} }]
config: { title: Tip jar }
`;

async function openSite(reload: string) {
  await using opening = new AsyncDisposableStack();
  const directory = opening.use(await openTemporaryDirectory()).path;
  const data = opening.use(await openTemporaryDirectory()).path;
  writeFiles(directory, { 'plumb.yaml': manifest(reload), 'web.mjs': PROGRAM, 'app.liquid': 'title={{ title }}' });
  const kv = opening.use(await openKv(createMemoryEngine(new Map()), { clock: systemClock }));
  const world = opening.use(await openWorld({ kv, dataDirectory: data, owner: `files-test-${process.pid}` }));
  const open = opening.move();
  const has = async (): Promise<{ conf: string; pid: number }> => {
    const { url } = (await world.unit('shop/web')) ?? {};
    return (await (await fetch(url ?? '')).json()) as { conf: string; pid: number };
  };
  return { directory, data, world, has, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

const set = (title: string) => ({ application: 'shop', key: 'title', value: title });

test('a file is there before the process starts, and a change is told by a signal, without a restart', async () => {
  await using site = await openSite('HUP');
  const { world, directory, data, has } = site;
  await deployAll(world.deploy, directory);
  const { pid, conf } = await has();
  expect(conf).toBe('title=Tip jar');
  await world.config.set(set('Coffee'));
  await until('the process has read the new file', async () => (await has()).conf === 'title=Coffee');
  expect((await has()).pid).toBe(pid);
  await until('its file is proven', async () => {
    const { instances } = await world.config.convergence({ application: 'shop' });
    return instances.length === 1 && instances[0]?.isConverged === true;
  });
  expect(await world.config.whoReads({ application: 'shop', key: 'title' })).toMatchObject([{ component: 'web' }]);

  // A file that cannot be made stays, and the log of the process says why.
  fs.writeFileSync(path.join(directory, 'app.liquid'), 'title={{ titel }}');
  await world.config.set(set('Tea'));
  const log = path.join(data, 'logs', 'shop', 'web.log');
  await until('the fault is in the log', () => fs.readFileSync(log, 'utf8').includes('app.liquid:1:10'));
  expect(await has()).toEqual({ pid, conf: 'title=Coffee' });

  // What is rendered is no part of the release: a deploy of the same files keeps the process.
  fs.writeFileSync(path.join(directory, 'app.liquid'), 'title={{ title }}');
  await until('it is made again', async () => {
    await world.config.set(set('Water'));
    return (await has()).conf === 'title=Water';
  });
  await deployAll(world.deploy, directory);
  expect((await has()).pid).toBe(pid);
});

test('a process that reads its files once is started again, with its secrets in a file of its own', async () => {
  await using site = await openSite('restart');
  const { world, directory, data, has } = site;
  await deployAll(world.deploy, directory);
  const { pid } = await has();
  const key =
    fs
      .readFileSync(path.join(data, 'age', 'shop.default.key'), 'utf8')
      .split('\n')
      .at(-2) ?? '';
  const recipients = [await recipientOf(key)];
  const value = await sealValue({ application: 'shop', key: 'db.password', value: 'hunter2', recipients });
  await world.config.set({ application: 'shop', key: 'db.password', value });
  writeFiles(directory, { 'app.liquid': 'title={{ title }} password={{ db.password }}' });
  await world.config.set(set('Coffee'));
  await until('another process has the new file', async () => {
    const now = await has();
    return now.conf === 'title=Coffee password=hunter2' && now.pid !== pid;
  });
  expect(fs.statSync(path.join(directory, 'run', 'app.conf')).mode & 0o007).toBe(0);
});

test('a process whose file cannot be made is not started, and says why', async () => {
  await using site = await openSite('HUP');
  const { world, directory } = site;
  writeFiles(directory, { 'app.liquid': '{{ nothing }}' });
  await expect(deployAll(world.deploy, directory)).rejects.toThrow('app.liquid:1:4: "nothing" is not configured');
});

test('a value that keeps a process from getting ready is mended by another value', async () => {
  await using site = await openSite('HUP');
  const { world, directory, has } = site;
  const [start, rest] = PROGRAM.split("process.on('SIGHUP'");
  // It listens neither for requests nor for signals while its file is bad, as programs do that are still starting.
  const program = `${start}if (conf.includes('Tip')) await new Promise(() => setInterval(() => {}, 1_000));\nprocess.on('SIGHUP'${rest}`;
  writeFiles(directory, { 'web.mjs': program });
  const deploying = deployAll(world.deploy, directory);
  await until('it runs and is not ready', async () => (await world.unit('shop/web'))?.pid !== undefined);
  await world.config.set(set('Good'));
  await deploying;
  expect((await has()).conf).toBe('title=Good');
  expect((await world.unit('shop/web'))?.restartsTotal).toBe(0);
});
