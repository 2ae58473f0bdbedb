// Layers, change sets, what was before, and going back to it, through the door.
import { createCollection } from '@plumb/kv';
import { expect, test } from 'vitest';
import { openConfigWorld } from '../test/config-world.ts';

const at = { application: 'shop' } as const;
const LIVE = { ...at, environment: 'live' } as const;

test('later layers win: manifest, common, release, environment, region, environment and region', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  const place = { environment: 'live', releaseEnvironment: 'prod', region: 'eu' };
  const order = ['common', 'release:prod', 'env:live', 'region:eu', 'env:live/region:eu'];
  await config.provision({ ...at, values: { title: 'manifest' } });
  for (const layer of order.toReversed()) await config.set({ ...at, key: 'title', value: layer, layer });
  for (const layer of order.toReversed()) {
    expect(await config.get({ ...at, ...place, key: 'title' })).toMatchObject({
      value: layer,
      layer,
      manifestValue: 'manifest',
    });
    expect((await config.get({ ...at, environment: 'dev', key: 'title' }))?.layer).toMatch(/^(common|manifest)$/);
    await config.unset({ ...at, key: 'title', layer });
  }
  expect(await config.get({ ...at, ...place, key: 'title' })).toMatchObject({ value: 'manifest', layer: 'manifest' });
});

test('who names no environment is in the one of the last deploy, and a reader moves with it', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await config.set({ ...at, key: 'title', value: 'Live', layer: 'env:live' });
  await config.set({ ...at, key: 'title', value: 'Dev', layer: 'env:dev' });
  const feed = world.asProcess('shop').watch(at)[Symbol.asyncIterator]();
  expect((await feed.next()).value).toMatchObject({ kind: 'snapshot', values: {} });
  await config.provision({ ...LIVE, values: {} });
  expect((await feed.next()).value).toMatchObject({ kind: 'change', changes: [{ key: 'title', value: 'Live' }] });
  await config.provision({ ...at, environment: 'dev', values: {} });
  expect((await feed.next()).value).toMatchObject({ kind: 'change', changes: [{ key: 'title', value: 'Dev' }] });
  expect(await config.layers(at)).toMatchObject({
    environment: 'dev',
    layers: [{ layer: 'env:dev', keys: 1 }, { layer: 'env:live' }],
  });
  await config.provision({ ...at, environment: 'default', values: {} });
  expect((await feed.next()).value).toMatchObject({ kind: 'change', changes: [{ key: 'title' }] });
  await feed.return?.();
});

test('a path clashes with a value only where some reader sees both', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  const set = (key: string, layer: string): Promise<string> =>
    config.set({ ...at, key, value: 1, layer }).then(
      () => 'set',
      (error: Error) => error.message,
    );
  expect(await set('mail', 'env:live')).toBe('set');
  expect(await set('mail.host', 'env:dev')).toBe('set');
  expect(await set('mail.host', 'region:eu')).toContain('beside mail, which env:live has');
  expect(await set('mail.host', 'env:live/region:eu')).toContain('beside mail, which env:live has');
  expect(await set('mail.host', 'env:dev/region:eu')).toBe('set');
  expect(await set('mail.host.name', 'common')).toContain('beside mail');
  expect(await set('mailing', 'common')).toBe('set');
  // In one change the value goes and its parts come.
  await config.change({
    ...at,
    changes: [
      { key: 'mail', layer: 'env:live' },
      { key: 'mail.host', value: 'localhost', layer: 'common' },
    ],
  });
  expect((await config.snapshot(LIVE)).values).toEqual({ mailing: 1, 'mail.host': 'localhost' });
});

test('a change set is one revision, one event, and one line of what was before and after', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await config.set({ ...at, key: 'a', value: 1 });
  const feed = world.asProcess('shop').watch(at)[Symbol.asyncIterator]();
  await feed.next();
  const changes = [
    { key: 'a', value: 2 },
    { key: 'b.c', value: [3] },
    { key: 'd', value: 4, layer: 'env:live' },
  ];
  const checked = await config.change({ ...at, changes, isDryRun: true });
  expect(checked).toMatchObject({
    kind: 'checked',
    changes: [{ before: 1, after: 2 }, { after: [3] }, { layer: 'env:live' }],
  });
  const done = await config.change({ ...at, changes, comment: 'autumn' });
  const revision = done.kind === 'stored' ? done.revision : 0;
  expect((await feed.next()).value).toEqual({
    kind: 'change',
    revision,
    changes: [
      { key: 'a', value: 2 },
      { key: 'b.c', value: [3] },
    ],
  });
  const [last, first] = await config.changeSets(at);
  expect(last).toEqual({
    revision,
    author: 'ada',
    at: world.clock.now(),
    comment: 'autumn',
    changes: [
      { key: 'a', layer: 'common', before: 1, after: 2 },
      { key: 'b.c', layer: 'common', after: [3] },
      { key: 'd', layer: 'env:live', after: 4 },
    ],
  });
  expect(first).toMatchObject({ changes: [{ key: 'a', after: 1 }] });
  expect(await config.changeSets({ ...at, before: revision })).toHaveLength(1);
  expect(await config.change({ ...at, changes, ifRevision: revision - 1 })).toEqual({ kind: 'conflict' });
  await feed.return?.();
});

test('a change with a fault changes nothing, and every fault is told', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await config.set({ ...at, key: 'mail.host', value: 'x' });
  const changes = [
    { key: 'fine', value: 1 },
    { key: 'mail', value: 'y' },
    { key: 'big', value: 'x'.repeat(65_535) },
    { key: 'object', value: { part: 1 } },
    { key: 'hidden', value: { $sealed: '', to: [] } },
    { key: 'odd', value: { $sealed: 'no base 64!', to: ['age1abc'] } },
    { key: 'inner', value: [{ $sealed: 'AAAA', to: ['age1abc'] }] },
  ];
  const faults = await config.check({ ...at, changes });
  expect(faults.map(({ key }) => key).sort()).toEqual(['big', 'hidden', 'inner', 'mail', 'object', 'odd']);
  await expect(config.change({ ...at, changes })).rejects.toMatchObject({ code: 'invalid', details: { faults } });
  expect(await config.get({ ...at, key: 'fine' })).toBeUndefined();
});

test('rollback brings values back in all layers, takes later ones away, and is a change that can be rolled back', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await config.provision({ ...at, values: { title: 'Shop', port: 80 } });
  await config.set({ ...at, key: 'title', value: 'Sale' });
  const before = await config.set({ ...at, key: 'gone', value: 1, layer: 'env:live' });
  const revision = before.kind === 'stored' ? before.revision : 0;
  await config.set({ ...at, key: 'title', value: 'Winter' });
  await config.unset({ ...at, key: 'gone', layer: 'env:live' });
  await config.set({ ...at, key: 'later', value: true });
  await config.provision({ ...at, values: { title: 'Store' } });

  const plan = await config.rollback({ ...at, revision, isDryRun: true });
  const sorted = plan.kind === 'checked' ? plan.changes.toSorted((a, b) => (a.key < b.key ? -1 : 1)) : [];
  expect(sorted).toEqual([
    { key: 'gone', layer: 'env:live', after: 1 },
    { key: 'later', layer: 'common', before: true },
    { key: 'title', layer: 'common', before: 'Winter', after: 'Sale' },
  ]);
  expect((await config.get({ ...at, key: 'title' }))?.value).toBe('Winter');
  const present = (await config.snapshot(LIVE)).revision;
  await config.rollback({ ...at, revision });
  expect((await config.snapshot(LIVE)).values).toEqual({ gone: 1, title: 'Sale' });
  expect((await config.changeSets(at))[0]).toMatchObject({ author: 'ada', comment: `back to revision ${revision}` });
  await config.rollback({ ...at, revision: present });
  expect((await config.snapshot(LIVE)).values).toEqual({ title: 'Winter', later: true });
  // Of one key alone.
  await config.rollback({ ...at, revision, keys: ['title'] });
  expect((await config.snapshot(LIVE)).values).toEqual({ title: 'Sale', later: true });
  await expect(config.rollback({ ...at, revision: 9_999 })).rejects.toMatchObject({ code: 'invalid' });
});

test('where the history does not reach back, the keys are named, and the others can still be rolled back', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  const first = await config.set({ ...at, key: 'quiet', value: 0 });
  const revision = first.kind === 'stored' ? first.revision : 0;
  for (let i = 0; i < 150; i += 1) await config.set({ ...at, key: 'busy', value: i });
  await config.set({ ...at, key: 'quiet', value: 1 });
  const refused = { code: 'not-found', details: { keys: ['busy'] } };
  await expect(config.rollback({ ...at, revision })).rejects.toMatchObject(refused);
  await expect(config.diff({ ...at, from: revision })).rejects.toMatchObject(refused);
  await config.rollback({ ...at, revision, keys: ['quiet'] });
  expect((await config.snapshot(at)).values).toEqual({ busy: 149, quiet: 0 });
});

test('the last thousand change sets are kept, and a diff reaches over them', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  const first = await config.set({ ...at, key: 'old', value: 0 });
  const revision = first.kind === 'stored' ? first.revision : 0;
  for (let i = 0; i < 1_010; i += 1) await config.set({ ...at, key: `key-${i % 20}`, value: i });
  const { entries } = await world.kv.list('config/change-set/shop/');
  expect(entries).toHaveLength(1_000);
  expect(await config.changeSets({ ...at, limit: 1_000 })).toHaveLength(1_000);
  expect((await config.diff({ ...at, from: revision })).map(({ after }) => after)).toContain(1_009);
  expect(await config.diff({ ...at, from: revision })).toHaveLength(20);
});

test('compare and explain tell where a value is from, here and there', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await config.provision({ ...at, values: { title: 'Shop', port: 80 } });
  await config.set({ ...at, key: 'title', value: 'Live', layer: 'env:live', comment: 'for all to see' });
  await config.set({ ...at, key: 'debug', value: true, layer: 'env:dev' });
  const left = { environment: 'live' };
  const right = { environment: 'dev' };
  expect(await config.compare({ ...at, left, right })).toMatchObject([
    { key: 'debug', right: { value: true, layer: 'env:dev' } },
    { key: 'title', left: { value: 'Live' }, right: { value: 'Shop', layer: 'manifest' } },
  ]);
  expect(await config.explain({ ...LIVE, key: 'title' })).toMatchObject({
    entries: [
      { layer: 'manifest', value: 'Shop', isInForce: true },
      { layer: 'env:live', value: 'Live', isInForce: true, comment: 'for all to see' },
    ],
  });
  expect((await config.explain({ ...at, environment: 'dev', key: 'title' })).entries[1]).toMatchObject({
    isInForce: false,
  });
  expect(await config.list({ ...at, layer: 'env:live' })).toMatchObject([
    { key: 'title', value: 'Live', manifestValue: 'Shop' },
  ]);
});

test('a process sees its own environment', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await config.provision({ ...LIVE, values: {} });
  await config.set({ ...at, key: 'title', value: 'Live', layer: 'env:live' });
  await config.set({ ...at, key: 'title', value: 'Dev', layer: 'env:dev' });
  const shop = world.asProcess('shop');
  const dev = { ...at, environment: 'dev' };
  expect(await shop.get({ ...LIVE, key: 'title' })).toMatchObject({ value: 'Live' });
  await expect(shop.get({ ...dev, key: 'title' })).rejects.toMatchObject({ code: 'denied' });
  await expect(shop.snapshot(dev)).rejects.toMatchObject({ code: 'denied' });
  await expect(shop.watch(dev)[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'denied' });
  await expect(shop.list({ ...at, layer: 'env:dev' })).rejects.toMatchObject({ code: 'denied' });
  await expect(shop.compare({ ...at, left: LIVE, right: dev })).rejects.toMatchObject({ code: 'denied' });
  const seen = [
    await shop.history({ ...at, key: 'title' }),
    await shop.changeSets(at),
    await shop.diff({ ...at, from: 0 }),
    await shop.explain({ ...at, key: 'title' }),
    await shop.layers(at),
  ];
  expect(JSON.stringify(seen)).toContain('env:live');
  expect(JSON.stringify(seen)).not.toMatch(/Dev|env:dev/);
});

test('values that an older store kept are those of common, and are kept as such from the next change on', async () => {
  await using world = await openConfigWorld();
  const values = createCollection<object>(world.kv, 'config/value/');
  const record = { author: 'ada', at: 1 };
  await world.kv.transact([
    values.putOperation('shop/store/title', { ...record, value: 'Old' }),
    values.putOperation('shop/store/other', { ...record, value: 1 }),
    values.putOperation('shop/changed', { ...record, value: null }),
  ]);
  const { config } = world;
  expect(await config.get({ ...at, key: 'title' })).toMatchObject({ value: 'Old', layer: 'common' });
  await config.set({ ...at, key: 'title', value: 'New' });
  await config.unset({ ...at, key: 'other' });
  expect((await config.snapshot(at)).values).toEqual({ title: 'New' });
  expect((await world.kv.list('config/value/shop/store/')).entries).toEqual([]);
});

test('two services on one store never lose an update', async () => {
  await using world = await openConfigWorld();
  await using other = await openConfigWorld({ kv: world.kv });
  const add = async ({ config }: typeof world): Promise<void> => {
    for (let done = 0; done < 20;) {
      const entry = await config.get({ ...at, key: 'count' });
      const outcome = await config.set({
        ...at,
        key: 'count',
        value: Number(entry?.value ?? 0) + 1,
        ifRevision: entry?.revision ?? 0,
      });
      if (outcome.kind === 'stored') done += 1;
    }
  };
  await Promise.all([add(world), add(other), add(world)]);
  expect((await world.config.get({ ...at, key: 'count' }))?.value).toBe(60);
  const sets = await world.config.changeSets({ ...at, limit: 100 });
  expect(sets.map(({ changes }) => changes[0]?.after)).toEqual(Array.from({ length: 60 }, (_, i) => 60 - i));
});
