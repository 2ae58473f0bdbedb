import { silentLog } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { declare } from '../test/declare.ts';
import { ADDRESS, openWorld, type World } from '../test/registry-world.ts';
import { type EvidenceLog, openEvidenceLog, USERS_MAX } from './evidence-log.ts';

async function openShop(options: Parameters<typeof openWorld>[0] = {}): Promise<World> {
  const world = await openWorld(options);
  await declare(world, 'ledger', { api: [] });
  await declare(world, 'shop', { web: ['ledger-api'] });
  await declare(world, 'blog', { web: [] });
  return world;
}

const driftOf = async ({ registry }: World): Promise<string[]> =>
  (await registry.drift({})).map(({ kind, service, application }) => `${kind} ${service} ${application ?? ''}`.trim());

test('who declared, who called and who looked up, with first and last time', async () => {
  await using world = await openShop();
  const { registry, clock } = world;
  const declaredAt = clock.now();
  expect(await registry.usedBy({ service: 'ledger-api' })).toEqual([
    {
      service: 'ledger-api',
      application: 'shop',
      kinds: ['declared'],
      declaredAt,
      callers: [],
      firstAt: declaredAt,
      lastAt: declaredAt,
      count: 0,
    },
  ]);
  const ledger = world.as('ledger');
  const report = (caller: string, application: string | undefined, count: number): Promise<unknown> =>
    ledger.reportCallers({ service: 'ledger-api', callers: [{ caller, application, count }] });
  await clock.advance(1_000);
  await report('shop-web-1', 'shop', 3);
  await clock.advance(1_000);
  await report('shop-web-2', 'shop', 4);
  await report('ada', undefined, 1);
  await world.as('blog').resolve({ service: 'ledger-api' });
  await registry.resolve({ service: 'ledger-api' });

  const usages = await registry.usedBy({ service: 'ledger-api' });
  expect(usages.map(({ application, caller, kinds }) => [application ?? caller, kinds])).toEqual([
    ['ada', ['called']],
    ['blog', ['looked-up']],
    ['shop', ['called', 'declared']],
  ]);
  expect(usages[2]).toMatchObject({
    called: { firstAt: declaredAt + 1_000, lastAt: declaredAt + 2_000, count: 7 },
    callers: ['shop-web-2', 'shop-web-1'],
    firstAt: declaredAt,
    lastAt: declaredAt + 2_000,
    count: 7,
  });
  expect(await registry.usedBy({ application: 'shop' })).toHaveLength(1);
  expect(await registry.usedBy({})).toHaveLength(3);
});

test('calls of the services of Plumb itself are known too', async () => {
  await using world = await openShop();
  const { service, clock, registry } = world;
  const caller = { id: 'shop-web-1', scopes: [], application: 'shop' };
  for (const method of ['config.watch', 'config.report', 'registry.resolve', 'rpc.describe'])
    service.observe(caller, method);
  await clock.advance(5_000);
  const used = await registry.usedBy({ application: 'shop' });
  expect(used.map(({ service: name, count, kinds }) => [name, count, kinds])).toEqual([
    ['ledger-api', 0, ['declared']],
    ['plumb-config', 2, ['called']],
    ['plumb-registry', 1, ['called']],
  ]);
  expect(await driftOf(world)).toEqual([]);
});

test('a process tells of the callers of its own services only', async () => {
  await using world = await openShop();
  const report = { service: 'ledger-api', callers: [{ caller: 'x', application: 'blog', count: 1 }] };
  await expect(world.as('blog').reportCallers(report)).rejects.toMatchObject({ code: 'denied' });
  await expect(world.as('ledger').reportCallers({ ...report, service: 'ledger-app' })).rejects.toMatchObject({
    code: 'not-found',
  });
});

test('what was seen outlives a restart, and costs writes as it grows, not as it is repeated', async () => {
  const clock = createFakeClock();
  await using kv = await openMemoryKv({ clock });
  {
    await using world = await openShop({ kv, clock });
    const ledger = world.as('ledger');
    const before = kv.revision();
    for (let i = 0; i < 600; i += 1) {
      await ledger.reportCallers({
        service: 'ledger-api',
        callers: [{ caller: 'shop-1', application: 'shop', count: 2 }],
      });
      await clock.advance(1_000);
    }
    // At once, and then once a minute for ten minutes.
    expect(kv.revision() - before).toBeLessThanOrEqual(11);
  }
  await using world = await openWorld({ kv, clock });
  const [usage] = await world.registry.usedBy({ service: 'ledger-api' });
  expect(usage?.called).toMatchObject({ count: 1_200 });
});

test('drift: declared and never seen, seen and not declared, and calls of what was not declared', async () => {
  await using world = await openShop();
  const { registry, clock } = world;
  expect(await driftOf(world)).toEqual([]);
  await registry.register({ service: 'shop-web', ...ADDRESS, keptBy: 'nobody' });
  await registry.register({ service: 'legacy', ...ADDRESS, application: 'legacy', keptBy: 'nobody' });
  await clock.advance(60_000);
  const ledger = world.as('ledger');
  const call = (application: string | undefined): Promise<unknown> =>
    ledger.reportCallers({ service: 'ledger-api', callers: [{ caller: 'x', application, count: 1 }] });
  for (const application of ['shop', 'blog', 'ledger', undefined]) await call(application);
  expect(await driftOf(world)).toEqual([
    'never-seen blog-web blog',
    'never-seen ledger-api ledger',
    'not-declared legacy legacy',
    'undeclared-call ledger-api blog',
  ]);
  expect((await registry.drift({ application: 'blog' })).map(({ text }) => text)).toEqual([
    'blog-web is declared by blog, and no instance of it was ever there',
    'blog calls ledger-api of ledger, and does not declare it',
  ]);
  await declare(world, 'blog', { web: [] }, { needs: ['ledger-api'], declaredAt: clock.now() });
  await registry.register({ service: 'ledger-api', ...ADDRESS, ttlMs: 1_000 });
  await clock.advance(5_000);
  // It was there once.
  expect(await driftOf(world)).toEqual(['not-declared legacy legacy']);
  await clock.advance(60_000);
  expect(await driftOf(world)).toEqual(['never-seen blog-web blog', 'not-declared legacy legacy']);
});

test('drift: a need that is declared and never called, where calls of the service are seen', async () => {
  await using world = await openShop();
  const { registry, clock } = world;
  for (const service of ['ledger-api', 'shop-web', 'blog-web'])
    await registry.register({ service, ...ADDRESS, keptBy: 'nobody' });
  const call = async (application: string): Promise<void> => {
    const callers = [{ caller: `${application}-1`, application, count: 1 }];
    await world.as('ledger').reportCallers({ service: 'ledger-api', callers });
  };
  const stop = new AbortController();
  const told: string[][] = [];
  const watching = (async () => {
    for await (const { drift } of registry.watchDrift({}, { signal: stop.signal }))
      told.push(drift.map(({ kind }) => kind));
  })().catch(() => undefined);
  await clock.advance(86_400_000);
  // The shop may call it, for all that is known: nobody tells who does.
  expect(await driftOf(world)).toEqual([]);
  await call('ledger');
  await clock.advance(1_000);
  expect(await driftOf(world)).toEqual(['never-called ledger-api shop']);
  const [drift] = await registry.drift({ application: 'shop' });
  expect(drift?.text).toBe('shop declares to need ledger-api of ledger, and never called it');

  // A release has a day to make its first call.
  await declare(world, 'shop', { web: ['ledger-api'] }, { declaredAt: clock.now() });
  await clock.advance(1_000);
  expect(await driftOf(world)).toEqual([]);
  await clock.advance(86_400_000);
  await call('shop');
  await clock.advance(1_000);
  expect(told).toEqual([[], ['never-called'], [], ['never-called'], []]);
  stop.abort();
  await clock.advance(1_000);
  await watching;
});

test('who watches drift is told within 5 s of what makes a difference, and of nothing else', async () => {
  await using world = await openShop();
  const { registry, clock } = world;
  const stop = new AbortController();
  const told: string[][] = [];
  const watching = (async () => {
    for await (const { drift } of registry.watchDrift({}, { signal: stop.signal }))
      told.push(drift.map(({ kind }) => kind));
  })().catch(() => undefined);
  await clock.advance(1_000);
  await registry.register({ service: 'ledger-api', ...ADDRESS, keptBy: 'nobody' });
  await registry.register({ service: 'shop-web', ...ADDRESS, keptBy: 'nobody' });
  await clock.advance(5_000);
  expect(told).toEqual([[]]);
  const report = { service: 'ledger-api', callers: [{ caller: 'x', application: 'blog', count: 1 }] };
  await world.as('ledger').reportCallers(report);
  await clock.advance(5_000);
  expect(told).toEqual([[], ['undeclared-call']]);
  // Nothing happens but that time passes.
  await clock.advance(60_000);
  expect(told).toEqual([[], ['undeclared-call'], ['never-seen', 'undeclared-call']]);
  stop.abort();
  await clock.advance(1_000);
  await watching;
});

test('evidence is bounded by age: what nobody used for half a year is forgotten', async () => {
  const clock = createFakeClock();
  await using kv = await openMemoryKv({ clock });
  {
    await using world = await openShop({ kv, clock });
    await world.as('blog').resolve({ service: 'ledger-api' });
  }
  clock.jump(183 * 86_400_000);
  await using world = await openWorld({ kv, clock });
  expect((await world.registry.usedBy({ service: 'ledger-api' })).map(({ application }) => application)).toEqual([
    'shop',
  ]);
});

test('evidence is bounded in number: who was unseen longest makes room, at once and after a restart', async () => {
  const clock = createFakeClock();
  await using kv = await openMemoryKv({ clock });
  const note = (log: EvidenceLog, caller: string): void =>
    log.note({ kind: 'called', service: 'ledger-api', caller, application: undefined, count: 1 });
  const callersOf = (log: EvidenceLog): Set<string | undefined> =>
    new Set([...log.users()].map(({ caller }) => caller));
  {
    await using log = await openEvidenceLog({ kv, clock, log: silentLog }, () => undefined);
    for (const caller of ['first', 'second', 'third']) note(log, caller);
    await clock.advance(1);
    for (let i = 3; i < USERS_MAX; i += 1) note(log, `caller-${i}`);
    note(log, 'first');
    note(log, 'last');
    const callers = callersOf(log);
    expect([callers.size, callers.has('first'), callers.has('second')]).toEqual([USERS_MAX, true, false]);
  }
  await using log = await openEvidenceLog({ kv, clock, log: silentLog }, () => undefined);
  note(log, 'another');
  const callers = callersOf(log);
  expect([callers.size, callers.has('first'), callers.has('last'), callers.has('third')]).toEqual([
    USERS_MAX,
    true,
    true,
    false,
  ]);
});
