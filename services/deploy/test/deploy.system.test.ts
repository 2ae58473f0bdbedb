// Deployment with real processes: small Node programs in temporary directories.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type ErrorCode, OperatingError, systemClock } from '@plumb/base';
import { createMemoryEngine, type Kv, openKv } from '@plumb/kv';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { DeployEvent, DeployProgress, LogLine, UnitStatus } from '../src/contract.ts';
import { deployAll, WEB, type World, writeFiles, openWorld, INSTANCE_KEY } from './world.ts';

const MANIFEST = `plumb: 1
name: shop
processes:
  web:
    command: node web.mjs
    port: auto
    readinessProbe: { httpGet: /ready, periodSeconds: 0.05 }
    metrics: /metrics
    needs: { eth: ready }
    env: { RPC_URL: "\${chains.eth.url}", SELF: "\${processes.web.url}/x" }
    stopGracePeriod: 2s
chains:
  eth: { kind: ethereum, network: dev }
config: { title: Shop, mail: { host: localhost } }
`;
/** One process without needs. */
const SIMPLE =
  'plumb: 1\nname: shop\nprocesses:\n  web: { command: node web.mjs, port: auto, readinessProbe: { httpGet: /ready, periodSeconds: 0.05 } }\n';

let count = 0;

type Site = AsyncDisposable & {
  readonly directory: string;
  readonly kv: () => Promise<Kv>;
  readonly open: (options?: { readonly readyTimeoutMs?: number }) => Promise<World>;
};

/** An application's folder, and worlds one after the other on the same data. */
async function openSite(files: Readonly<Record<string, string>>): Promise<Site> {
  const directory = await openTemporaryDirectory();
  const data = await openTemporaryDirectory();
  const records = new Map();
  const owner = `deploy-test-${process.pid}-${(count += 1)}`;
  writeFiles(directory.path, files);
  const open: Site['kv'] = () => openKv(createMemoryEngine(records), { clock: systemClock });
  return {
    directory: directory.path,
    kv: open,
    open: async (options = {}) => {
      const kv = await open();
      const world = await openWorld({ kv, dataDirectory: data.path, owner, ...options });
      return {
        ...world,
        async [Symbol.asyncDispose]() {
          await world[Symbol.asyncDispose]();
          await kv[Symbol.asyncDispose]();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await directory[Symbol.asyncDispose]();
      await data[Symbol.asyncDispose]();
    },
  };
}

async function failureOf(work: Promise<unknown>, code: ErrorCode): Promise<OperatingError> {
  const error: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof OperatingError)) throw new Error(`no operating error: ${String(error)}`);
  expect(error.code).toBe(code);
  return error;
}

function readyUnit(world: World, name: string): Promise<UnitStatus> {
  return until(`${name} is ready`, async () => {
    const unit = await world.unit(name);
    return unit?.health.state === 'ready' ? unit : undefined;
  });
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

const heals = ({ journal }: World): string[] => journal.filter(({ kind }) => kind !== 'deploy').map(({ text }) => text);

test('a deploy brings up chain and process in order, declares, configures, registers, and tells its progress', async () => {
  await using site = await openSite({ 'plumb.yaml': MANIFEST, 'web.mjs': WEB });
  await using world = await site.open();
  const { events, status } = await deployAll(world.deploy, site.directory);
  const plan = events[0];
  expect(plan?.kind === 'plan' && plan.plan.steps.map(({ kind }) => kind)).toEqual([
    'declare',
    'provision',
    'start',
    'start',
  ]);
  const done = events.filter((event) => event.kind === 'step' && event.state === 'done');
  expect(done).toHaveLength(4);
  // The chain is ready before the process that waits for it is.
  const waiting = events.flatMap((event) => (event.kind === 'waiting' ? [`${event.unit} ${event.health.state}`] : []));
  expect(waiting).toContain('shop/eth ready');
  expect(waiting).not.toContain('shop/web ready');
  expect(events).toContainEqual(
    expect.objectContaining({
      kind: 'waiting',
      unit: 'shop/web',
      health: expect.objectContaining({ state: 'starting', reason: 'waits for eth' }),
    }),
  );
  expect(status.units.map(({ unit, state, health }) => [unit, state, health.state])).toEqual([
    ['shop/eth', 'running', 'ready'],
    ['shop/web', 'running', 'ready'],
  ]);

  const web = status.units[1];
  const eth = status.units[0];
  const env = (await (await fetch(`${web?.url}/`)).json()) as Record<string, string>;
  expect(env).toMatchObject({
    PORT: String(web?.port),
    HOST: '127.0.0.1',
    PLUMB_APPLICATION: 'shop',
    PLUMB_COMPONENT: 'web',
    PLUMB_INSTANCE: web?.instanceId,
    PLUMB_ENVIRONMENT: 'default',
    PLUMB_RELEASE: status.release,
    PLUMB_CURVE_KEY: `key-of-${web?.instanceId}`,
    RPC_URL: eth?.url,
    SELF: `http://127.0.0.1:${web?.port}/x`,
  });
  expect(Object.keys(env).filter((name) => name.startsWith('VITEST'))).toEqual([]);

  const { instances } = await world.registry.resolve({ service: 'shop-web' });
  expect(instances).toMatchObject([
    {
      id: web?.instanceId,
      address: '127.0.0.1',
      port: web?.port,
      release: status.release,
      host: 'host',
      publicKey: INSTANCE_KEY,
    },
  ]);
  expect(await world.registry.services({ application: 'shop' })).toMatchObject([
    { name: 'shop-eth', kind: 'chain', protocol: 'json-rpc', needs: [] },
    { name: 'shop-web', kind: 'process', protocol: 'http', metricsPath: '/metrics', needs: ['shop-eth'] },
  ]);
  expect((await world.config.list({ application: 'shop' })).map(({ key, value }) => [key, value])).toEqual([
    ['mail.host', 'localhost'],
    ['title', 'Shop'],
  ]);
  expect(world.journal).toEqual([
    {
      kind: 'deploy',
      application: 'shop',
      subject: 'shop',
      text: `deployed shop release ${status.release}: started eth, web`,
    },
  ]);
});

test('a second deploy keeps what is equal, and restarts what differs', async () => {
  await using site = await openSite({ 'plumb.yaml': MANIFEST, 'web.mjs': WEB });
  await using world = await site.open();
  const first = await deployAll(world.deploy, site.directory);
  const again = await deployAll(world.deploy, site.directory);
  expect(again.status.units.map(({ pid }) => pid)).toEqual(first.status.units.map(({ pid }) => pid));
  expect(world.journal).toHaveLength(1);

  writeFiles(site.directory, { 'web.mjs': `${WEB}// A change.\n` });
  const plan = await world.deploy.plan({ directory: site.directory });
  expect(plan.steps.slice(2)).toEqual([
    { kind: 'keep', unit: 'shop/eth' },
    { kind: 'restart', unit: 'shop/web', reason: `release ${first.status.release} is now ${plan.release}` },
  ]);
  const next = await deployAll(world.deploy, site.directory);
  expect(next.status.units[0]?.pid).toBe(first.status.units[0]?.pid);
  expect(next.status.units[1]?.pid).not.toBe(first.status.units[1]?.pid);
  expect(next.status.units[1]).toMatchObject({
    port: first.status.units[1]?.port,
    release: plan.release,
    restartsTotal: 0,
  });

  writeFiles(site.directory, { 'plumb.yaml': SIMPLE });
  const last = await deployAll(world.deploy, site.directory);
  expect(last.status.units.map(({ unit }) => unit)).toEqual(['shop/web']);
  expect(isAlive(first.status.units[0]?.pid)).toBe(false);
  expect(await world.registry.services({ application: 'shop' })).toMatchObject([{ name: 'shop-web' }]);
  expect(await world.config.list({ application: 'shop' })).toEqual([]);
  expect(world.journal.at(-1)?.text).toBe(`deployed shop release ${last.status.release}: restarted web; stopped eth`);
});

test('kill -9: it leaves resolve at once, comes back, and the journal has one line', async () => {
  await using site = await openSite({ 'plumb.yaml': SIMPLE, 'web.mjs': WEB });
  await using world = await site.open();
  const { status } = await deployAll(world.deploy, site.directory);
  const before = status.units[0];
  const left = Promise.withResolvers<number>();
  let killedAt = 0;
  const stop = new AbortController();
  const watching = (async () => {
    for await (const event of world.registry.watch({ application: 'shop' }, { signal: stop.signal })) {
      if (event.kind === 'snapshot') {
        killedAt = performance.now();
        process.kill(before?.pid ?? 0, 'SIGKILL');
      }
      if (event.kind === 'change' && event.removed.instances.length > 0) left.resolve(performance.now());
    }
  })();
  const after = await until('a new copy is ready', async () => {
    const unit = await world.unit('shop/web');
    return unit?.health.state === 'ready' && unit.pid !== before?.pid ? unit : undefined;
  });
  expect((await left.promise) - killedAt).toBeLessThan(1_000);
  stop.abort();
  await watching.catch(() => undefined);
  expect(after).toMatchObject({
    port: before?.port,
    restartsRecent: 1,
    restartsTotal: 1,
    lastExit: { code: null, signal: 'SIGKILL' },
  });
  expect(after.instanceId).not.toBe(before?.instanceId);
  expect([...world.access]).toEqual([after.instanceId]);
  await until(
    'it is in the dictionary',
    async () => (await world.registry.resolve({ service: 'shop-web' })).instances.length === 1,
  );
  await until('the journal', () => heals(world).length > 0);
  expect(heals(world)).toHaveLength(1);
  expect(heals(world)[0]).toMatch(/^shop\/web was killed \(SIGKILL\); restarted, ready again after [\d.]+ m?s$/);
});

test('a kill by a person heals like any other, and the log says who', async () => {
  await using site = await openSite({ 'plumb.yaml': SIMPLE, 'web.mjs': WEB });
  await using world = await site.open();
  await deployAll(world.deploy, site.directory);
  await world.deploy.kill({ application: 'shop', component: 'web' });
  await until('the journal', () => heals(world).length === 1);
  const lines: LogLine[] = [];
  for await (const line of world.deploy.logs({ application: 'shop' })) lines.push(line);
  expect(
    lines.filter(({ stream }) => stream === 'plumb').map(({ line }) => line.replaceAll(/\d+( m?s)?/g, 'N')),
  ).toEqual(expect.arrayContaining(['kill asked for by tester', 'was killed (SIGKILL)', 'is started again in N']));
});

test('a crash loop is given up once, with its last line, and a restart brings it back', async () => {
  await using site = await openSite({
    'plumb.yaml': SIMPLE,
    'web.mjs': 'console.log("cannot open the till"); process.exit(7)',
  });
  await using world = await site.open();
  const error = await failureOf(deployAll(world.deploy, site.directory), 'unavailable');
  expect(error.message).toMatch(
    /^shop\/web does not run: it ended 5 times in .* and stays down; at last it exited with code 7: "cannot open the till"; read/,
  );
  expect(error.details?.['lastLines']).toEqual(['cannot open the till']);
  expect(await world.unit('shop/web')).toMatchObject({
    state: 'crashed',
    health: { state: 'failed' },
    restartsTotal: 4,
    lastExit: { code: 7 },
  });
  expect(heals(world)).toHaveLength(1);
  expect(heals(world)[0]).toMatch(
    /^shop\/web exited 5 times in .* \(last: code 7\); it stays down\. It said: "cannot open the till"$/,
  );
  expect((await world.registry.resolve({ service: 'shop-web', includeUnready: true })).instances).toEqual([]);

  writeFiles(site.directory, { 'web.mjs': WEB });
  await world.deploy.restart({ application: 'shop', component: 'web' });
  expect(await readyUnit(world, 'shop/web')).toMatchObject({ restartsTotal: 0 });
  expect(heals(world)).toHaveLength(1);
});

test('what a unit needs decides its readiness, and never restarts it', async () => {
  await using site = await openSite({ 'plumb.yaml': MANIFEST, 'web.mjs': WEB });
  await using world = await site.open();
  const { status } = await deployAll(world.deploy, site.directory);
  writeFiles(site.directory, { 'chain.log': 'lagging' });
  await until('web is unready', async () => (await world.unit('shop/web'))?.health.reason === 'eth is lagging: behind');
  expect(await world.unit('shop/eth')).toMatchObject({
    state: 'running',
    health: { state: 'lagging', reason: 'behind' },
  });
  await until('it left', async () => (await world.registry.resolve({ service: 'shop-web' })).instances.length === 0);
  fs.rmSync(path.join(site.directory, 'chain.log'));
  await readyUnit(world, 'shop/web');

  await world.deploy.kill({ application: 'shop', component: 'eth' });
  await until('web is unready', async () =>
    (await world.unit('shop/web'))?.health.reason?.startsWith('eth is failed: '),
  );
  const web = await readyUnit(world, 'shop/web');
  expect(web.pid).toBe(status.units[1]?.pid);
  expect(heals(world)).toHaveLength(1);
  expect(heals(world)[0]).toMatch(/^shop\/eth was killed/);
});

test('a stop lasts, over a new start of Plumb too, until a person starts it', async () => {
  await using site = await openSite({ 'plumb.yaml': MANIFEST, 'web.mjs': WEB });
  {
    await using world = await site.open();
    await deployAll(world.deploy, site.directory);
    await world.deploy.stop({ application: 'shop', component: 'web' });
    expect(await world.unit('shop/web')).toMatchObject({
      state: 'stopped',
      health: { state: 'unready', reason: 'it is stopped' },
    });
    expect(world.access.size).toBe(0);
  }
  await using world = await site.open();
  await readyUnit(world, 'shop/eth');
  expect(await world.unit('shop/web')).toMatchObject({ state: 'stopped' });
  await world.deploy.restart({ application: 'shop', component: 'web' });
  await readyUnit(world, 'shop/web');
});

test('closing ends everything, opening brings it back with the same addresses', async () => {
  await using site = await openSite({ 'plumb.yaml': MANIFEST, 'web.mjs': WEB });
  let before: readonly UnitStatus[];
  {
    await using world = await site.open();
    before = (await deployAll(world.deploy, site.directory)).status.units;
  }
  expect(before.filter(({ pid }) => isAlive(pid))).toEqual([]);
  await using world = await site.open();
  const eth = await readyUnit(world, 'shop/eth');
  const web = await readyUnit(world, 'shop/web');
  expect([eth.port, web.port]).toEqual(before.map(({ port }) => port));
  expect(world.journal).toEqual([]);
});

test('a port that was kept and is taken since is replaced, and those who read it know', async () => {
  await using site = await openSite({ 'plumb.yaml': MANIFEST, 'web.mjs': WEB });
  let port = 0;
  {
    await using world = await site.open();
    port = (await deployAll(world.deploy, site.directory)).status.units[0]?.port ?? 0;
  }
  const squatter = net.createServer();
  await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
  try {
    await using world = await site.open();
    const eth = await readyUnit(world, 'shop/eth');
    expect(eth.port).not.toBe(port);
    const web = await readyUnit(world, 'shop/web');
    const env = (await (await fetch(`${web.url}/`)).json()) as Record<string, string>;
    expect(env['RPC_URL']).toBe(eth.url);
  } finally {
    await new Promise((resolve) => squatter.close(resolve));
  }
});

test('those that run when an address changes are started again with it', async () => {
  await using site = await openSite({ 'plumb.yaml': MANIFEST, 'web.mjs': WEB });
  await using world = await site.open();
  const [eth, web] = (await deployAll(world.deploy, site.directory)).status.units;
  await world.deploy.stop({ application: 'shop', component: 'eth' });
  const squatter = net.createServer();
  await new Promise<void>((resolve) => squatter.listen(eth?.port, '127.0.0.1', resolve));
  try {
    await world.deploy.restart({ application: 'shop', component: 'eth' });
    const next = await readyUnit(world, 'shop/eth');
    expect(next.port).not.toBe(eth?.port);
    const reader = await until('web is ready again', async () => {
      const unit = await world.unit('shop/web');
      return unit?.health.state === 'ready' && unit.pid !== web?.pid ? unit : undefined;
    });
    const env = (await (await fetch(`${reader.url}/`)).json()) as Record<string, string>;
    expect(env['RPC_URL']).toBe(next.url);
  } finally {
    await new Promise((resolve) => squatter.close(resolve));
  }
});

test('nothing is written for what cannot be deployed, and the message says what to do', async () => {
  await using site = await openSite({});
  const squatter = net.createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  const { port } = squatter.address() as net.AddressInfo;
  try {
    await using world = await site.open();
    const check = async (manifest: string, code: ErrorCode, message: string): Promise<void> => {
      writeFiles(site.directory, { 'plumb.yaml': manifest });
      expect((await failureOf(deployAll(world.deploy, site.directory), code)).message).toContain(message);
      expect((await failureOf(world.deploy.plan({ directory: site.directory }), code)).message).toContain(message);
    };
    await check(
      SIMPLE.replace('port: auto', `port: ${port}`),
      'conflict',
      `port ${port} of shop/web is taken by another program: end that one, or change "port" of web`,
    );
    await check(
      MANIFEST.replace('command', 'comand'),
      'invalid',
      'plumb.yaml:5:5: unknown key "comand": did you mean "command"?',
    );
    await check(
      MANIFEST.replace('network: dev', 'network: absent'),
      'unavailable',
      'the program anvil is not installed',
    );
    fs.rmSync(path.join(site.directory, 'plumb.yaml'));
    const missing = await failureOf(world.deploy.plan({ directory: site.directory }), 'not-found');
    expect(missing.message).toBe(
      `there is no plumb.yaml in ${site.directory}: go to the application's folder, or name it`,
    );
    expect(await world.deploy.status({})).toEqual([]);
    expect(await world.registry.applications({})).toEqual([]);
    expect(await world.config.list({})).toEqual([]);
    expect(world.journal).toEqual([]);
  } finally {
    await new Promise((resolve) => squatter.close(resolve));
  }
  const kv = await site.kv();
  expect((await kv.list('deploy/')).entries).toEqual([]);
  await kv[Symbol.asyncDispose]();
});

test('a broken manifest leaves what runs as it is', async () => {
  await using site = await openSite({ 'plumb.yaml': SIMPLE, 'web.mjs': WEB });
  await using world = await site.open();
  const { status } = await deployAll(world.deploy, site.directory);
  writeFiles(site.directory, { 'plumb.yaml': `${SIMPLE}zzz: 1\n` });
  await failureOf(deployAll(world.deploy, site.directory), 'invalid');
  expect((await world.deploy.status({}))[0]).toEqual(status);
});

test('a deploy that does not get ready says so in time, and goes on being healed', async () => {
  await using site = await openSite({ 'plumb.yaml': SIMPLE, 'web.mjs': WEB, 'unready.log': '' });
  await using world = await site.open({ readyTimeoutMs: 1_500 });
  const error = await failureOf(deployAll(world.deploy, site.directory), 'unavailable');
  expect(error.message).toContain(
    'shop/web is not ready after 1.5 s: /ready answers 503: not in the mood; it said: "web of ',
  );
  fs.rmSync(path.join(site.directory, 'unready.log'));
  await readyUnit(world, 'shop/web');
});

test('a deploy whose caller leaves is carried through', async () => {
  await using site = await openSite({ 'plumb.yaml': MANIFEST, 'web.mjs': WEB });
  await using world = await site.open();
  let first: DeployProgress | undefined;
  for await (const event of world.deploy.deploy({ directory: site.directory })) {
    first = event;
    break;
  }
  expect(first?.kind).toBe('plan');
  await readyUnit(world, 'shop/web');
});

test('watchers see the state and each change of it, then the removal', async () => {
  await using site = await openSite({ 'plumb.yaml': SIMPLE, 'web.mjs': WEB });
  await using world = await site.open();
  const events: DeployEvent[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    for await (const event of world.deploy.watch({}, { signal: stop.signal })) events.push(event);
  })();
  await until('the snapshot', () => events.length === 1);
  const { status } = await deployAll(world.deploy, site.directory);
  await until('it is seen ready', () =>
    events.some((event) => event.kind === 'change' && event.application.units[0]?.health.state === 'ready'),
  );
  await world.deploy.remove({ application: 'shop' });
  await until('it is seen gone', () => events.some(({ kind }) => kind === 'removed'));
  stop.abort();
  await watching.catch(() => undefined);
  expect(events[0]).toEqual({ kind: 'snapshot', applications: [] });
  expect(events.at(-1)).toEqual({ kind: 'removed', name: 'shop' });
  expect(isAlive(status.units[0]?.pid)).toBe(false);
  expect(await world.registry.applications({})).toEqual([]);
  expect(world.journal.at(-1)?.text).toBe('removed shop');
  await failureOf(world.deploy.status({ application: 'shop' }), 'not-found');
});

test('logs of all units come in order of time, and can be followed', async () => {
  const talk = (name: string): string => `let i = 0; setInterval(() => console.log('${name} ' + i++), 5);`;
  const manifest = 'plumb: 1\nname: shop\nprocesses:\n  a: { command: node a.mjs }\n  b: { command: node b.mjs }\n';
  await using site = await openSite({ 'plumb.yaml': manifest, 'a.mjs': talk('a'), 'b.mjs': talk('b') });
  await using world = await site.open();
  await deployAll(world.deploy, site.directory);
  const lines: LogLine[] = [];
  for await (const line of world.deploy.logs({ application: 'shop', tail: 10, follow: true })) {
    lines.push(line);
    const printed = lines.filter(({ stream }) => stream === 'stdout');
    if (['shop/a', 'shop/b'].every((unit) => printed.filter((one) => one.unit === unit).length > 20)) break;
  }
  for (const unit of ['shop/a', 'shop/b']) {
    const numbers = lines
      .filter((line) => line.unit === unit && line.stream === 'stdout')
      .map(({ line }) => Number(line.split(' ')[1]));
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
  }
});

test('unknown names are refused with those that are near', async () => {
  await using site = await openSite({ 'plumb.yaml': SIMPLE, 'web.mjs': WEB });
  await using world = await site.open();
  await deployAll(world.deploy, site.directory);
  const wrong = await failureOf(world.deploy.stop({ application: 'shob', component: 'web' }), 'not-found');
  expect(wrong.message).toBe('no application named "shob" is deployed: did you mean "shop"?');
  const unit = await failureOf(world.deploy.kill({ application: 'shop', component: 'wob' }), 'not-found');
  expect(unit.message).toBe('shop has no unit "wob": it has web');
  await world.deploy.stop({ application: 'shop', component: 'web' });
  await failureOf(world.deploy.kill({ application: 'shop', component: 'web' }), 'conflict');
});

test('a name that another application has is refused, and everything is as before', async () => {
  const manifest = (name: string, component: string, port: string): string =>
    `plumb: 1\nname: ${name}\nprocesses:\n  ${component}: { command: node web.mjs, port: ${port} }\nconfig: { of: ${name} }\n`;
  await using site = await openSite({ 'plumb.yaml': manifest('shop', 'eu-web', 'auto'), 'web.mjs': WEB });
  await using other = await openSite({ 'plumb.yaml': manifest('shop-eu', 'web', 'auto'), 'web.mjs': WEB });
  await using world = await site.open();
  const { status } = await deployAll(world.deploy, site.directory);
  const before = [
    await world.registry.applications({}),
    await world.registry.services({}),
    await world.config.list({}),
  ];
  const error = await failureOf(deployAll(world.deploy, other.directory), 'already-exists');
  expect(error.message).toContain('shop-eu-web');
  expect([
    await world.registry.applications({}),
    await world.registry.services({}),
    await world.config.list({}),
  ]).toEqual(before);
  expect(await world.deploy.status({})).toEqual([status]);

  // Nor can two have one port, whether or not the other listens at the moment.
  const port = String(status.units[0]?.port);
  writeFiles(other.directory, { 'plumb.yaml': manifest('cafe', 'web', port) });
  await world.deploy.stop({ application: 'shop', component: 'eu-web' });
  const taken = await failureOf(deployAll(world.deploy, other.directory), 'conflict');
  expect(taken.message).toContain(
    `port ${port} of cafe/web is taken by shop/eu-web: end that one, or change "port" of web`,
  );
});

test('commands and deploys that come at once are done one after the other', async () => {
  await using site = await openSite({ 'plumb.yaml': SIMPLE, 'web.mjs': WEB });
  await using world = await site.open();
  const unit = { application: 'shop', component: 'web' };
  await deployAll(world.deploy, site.directory);
  await Promise.all([
    deployAll(world.deploy, site.directory),
    world.deploy.restart(unit),
    world.deploy.stop(unit),
    deployAll(world.deploy, site.directory),
    world.deploy.restart(unit),
  ]);
  const web = await readyUnit(world, 'shop/web');
  const answer = await fetch(`${web.url}/`);
  expect(((await answer.json()) as Record<string, string>)['PLUMB_INSTANCE']).toBe(web.instanceId);
  expect([...world.access]).toEqual([web.instanceId]);
  expect((await world.registry.resolve({ service: 'shop-web', includeUnready: true })).instances).toHaveLength(1);
  expect(heals(world)).toEqual([]);
});

test('closing in the middle of a deploy leaves nothing behind', async () => {
  await using site = await openSite({ 'plumb.yaml': MANIFEST, 'web.mjs': WEB, 'chain.log': 'lagging' });
  const pids: number[] = [];
  {
    await using world = await site.open();
    const deploying = deployAll(world.deploy, site.directory).catch(() => undefined);
    const eth = await until('the node runs', async () => (await world.unit('shop/eth'))?.pid);
    pids.push(eth);
    expect(await world.unit('shop/web')).toMatchObject({
      state: 'waiting',
      health: { state: 'starting', reason: 'waits for eth' },
    });
    void deploying;
  }
  expect(pids.filter(isAlive)).toEqual([]);
});

test('what is being deployed when Plumb ends is not started any more, and does not hold up the end', async () => {
  const stubborn = (endsAfterMs: number): string =>
    `process.on('SIGTERM', () => setTimeout(() => process.exit(), ${endsAfterMs}));\n${WEB}`;
  await using site = await openSite({ 'plumb.yaml': SIMPLE, 'web.mjs': stubborn(700) });
  await using late = await openTemporaryDirectory();
  writeFiles(late.path, { 'plumb.yaml': SIMPLE.replace('shop', 'late'), 'web.mjs': stubborn(60_000) });
  const world = await site.open();
  await deployAll(world.deploy, site.directory);
  let closing: Promise<void> | undefined;
  const startedAt = performance.now();
  const deploying = (async () => {
    for await (const { kind } of world.deploy.deploy({ directory: late.path }))
      if (kind === 'plan') closing ??= Promise.resolve(world[Symbol.asyncDispose]());
  })();
  await expect(deploying).rejects.toMatchObject({ code: 'unavailable' });
  await closing;
  // One grace is 3.5 s.
  expect(performance.now() - startedAt).toBeLessThan(3_000);

  // It is wanted all the same: the next start brings it up.
  await using next = await site.open();
  await until('late is up', async () => (await next.unit('late/web'))?.health.state === 'ready');
  process.kill((await next.unit('late/web'))?.pid ?? 0, 'SIGKILL');
});
