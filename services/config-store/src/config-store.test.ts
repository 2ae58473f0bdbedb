import type { ConfigFeedEvent, ConfigValue } from '@plumb/config/feed';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openConfigWorld as openWorld } from '../test/config-world.ts';

const at = { application: 'shop' } as const;

test('what is set wins over the manifest, and unset gives way to it again', async () => {
  await using world = await openWorld();
  const { config } = world;
  await config.provision({ ...at, values: { title: 'Shop', mail: { host: 'localhost', port: 25 } } });
  expect(await config.get({ ...at, key: 'mail.port' })).toMatchObject({ value: 25, layer: 'manifest', author: 'ada' });
  await config.set({ ...at, key: 'title', value: 'Sale', comment: 'spring' });
  expect(await config.get({ ...at, key: 'title' })).toMatchObject({
    value: 'Sale',
    layer: 'common',
    manifestValue: 'Shop',
    comment: 'spring',
  });
  await config.unset({ ...at, key: 'title' });
  expect(await config.get({ ...at, key: 'title' })).toMatchObject({ value: 'Shop', layer: 'manifest' });
  await expect(config.unset({ ...at, key: 'nothing' })).rejects.toMatchObject({ code: 'not-found' });
});

test('a conditional set stores only over the revision that the layer has, and 0 names a layer without a value', async () => {
  await using world = await openWorld();
  const { config } = world;
  await config.provision({ ...at, values: { title: 'Shop' } });
  const first = await config.set({ ...at, key: 'title', value: 'A', ifRevision: 0 });
  expect(first).toMatchObject({ kind: 'stored' });
  const revision = first.kind === 'stored' ? first.revision : 0;
  expect(await config.set({ ...at, key: 'title', value: 'B', ifRevision: 0 })).toMatchObject({
    kind: 'conflict',
    current: { value: 'A', layer: 'common', revision },
  });
  expect(await config.set({ ...at, key: 'title', value: 'B', ifRevision: revision })).toMatchObject({ kind: 'stored' });
  expect(await config.unset({ ...at, key: 'title', ifRevision: revision })).toMatchObject({
    kind: 'conflict',
    current: { value: 'B' },
  });
  expect(await config.set({ ...at, key: 'title', value: 'C', layer: 'env:live', ifRevision: revision })).toEqual({
    kind: 'conflict',
  });
});

test('a key is a value or a path to others, never both, in whichever layer', async () => {
  await using world = await openWorld();
  const { config } = world;
  await config.provision({ ...at, values: { mail: { host: 'localhost' } } });
  await expect(config.set({ ...at, key: 'mail', value: 'x' })).rejects.toThrow('beside mail.host');
  await expect(config.set({ ...at, key: 'mail.host.name', value: 'x' })).rejects.toThrow('beside mail.host');
  await expect(config.set({ ...at, key: 'mail.tls', value: { min: 1 } })).rejects.toThrow(
    'one by one, like mail.tls.min',
  );
  await config.set({ ...at, key: 'note.text', value: 'x' });
  await expect(config.provision({ ...at, values: { note: 'y' } })).rejects.toMatchObject({ code: 'invalid' });
  await expect(config.set({ ...at, key: 'big', value: 'x'.repeat(65_535) })).rejects.toThrow('over the 65536');
});

test('history tells who changed what in which layer, latest first, and keeps the last hundred', async () => {
  await using world = await openWorld();
  const { config } = world;
  await config.provision({ ...at, values: { count: 0 } });
  for (let i = 1; i <= 120; i += 1) await config.set({ ...at, key: 'count', value: i });
  await config.unset({ ...at, key: 'count', comment: 'enough' });
  const all = await config.history({ ...at, key: 'count', limit: 1_000 });
  expect(all).toHaveLength(100);
  expect(all[0]).toMatchObject({ layer: 'common', author: 'ada', comment: 'enough' });
  expect(all[0]).not.toHaveProperty('value');
  expect(all.slice(1, 4).map(({ value }) => value)).toEqual([120, 119, 118]);
});

test('provisioning the same again, or setting an equal value, changes nothing', async () => {
  await using world = await openWorld();
  const { config } = world;
  const first = await config.provision({ ...at, values: { list: [1, 2] } });
  expect(await config.provision({ ...at, values: { list: [1, 2] } })).toEqual(first);
  const once = await config.set({ ...at, key: 'list', value: [3] });
  expect(await config.set({ ...at, key: 'list', value: [3] })).toEqual(once);
  expect(await config.history({ ...at, key: 'list' })).toHaveLength(2);
});

test('a running process sees its own application and may change nothing', async () => {
  await using world = await openWorld();
  await world.config.provision({ ...at, values: { title: 'Shop' } });
  const shop = world.asProcess('shop');
  const other = world.asProcess('other');
  expect(await shop.get({ ...at, key: 'title' })).toMatchObject({ value: 'Shop' });
  expect(await other.list({})).toEqual([]);
  await expect(other.get({ ...at, key: 'title' })).rejects.toMatchObject({ code: 'denied' });
  await expect(shop.set({ ...at, key: 'title', value: 'x' })).rejects.toMatchObject({ code: 'denied' });
  await expect(shop.report({ ...at, instance: 'shop-2', revision: 1 })).rejects.toMatchObject({ code: 'denied' });
});

test('nobody takes the place of an instance, and a process is the one that it says', async () => {
  await using world = await openWorld();
  await world.config.provision({ ...at, values: { title: 'Shop' } });
  const [guest, other] = ['guest', 'other'].map((id) => world.as({ id, scopes: ['config:read'] }));
  const denied = { code: 'denied' };
  const report = { ...at, instance: 'shop-1', revision: 9, digest: '0'.repeat(32) };
  const early = guest?.watch({ ...at, instance: 'shop-1' })[Symbol.asyncIterator]();
  await early?.next();
  await expect(other?.report(report)).rejects.toMatchObject(denied);
  await guest?.report(report);

  const feed = world.asProcess('shop').watch(at)[Symbol.asyncIterator]();
  const { revision } = (await feed.next()).value as ConfigFeedEvent;
  await world.asProcess('shop').report({ ...at, instance: 'shop-1', revision });
  await expect(guest?.report(report)).rejects.toMatchObject(denied);
  await expect(guest?.reportReads({ ...at, instance: 'shop-1', paths: ['title'] })).rejects.toMatchObject(denied);
  const late = guest?.watch({ ...at, instance: 'shop-1', environment: 'live' })[Symbol.asyncIterator]();
  await expect(late?.next()).rejects.toMatchObject(denied);
  expect((await world.config.convergence(at)).instances).toMatchObject([{ instance: 'shop-1', revision }]);
  // plumbd follows for a process whose files it writes.
  await world.config.report({ ...at, instance: 'shop-1', revision });
  await early?.return?.();
  await feed.return?.();
});

test('a process sees no change of a rollout in another environment', async () => {
  await using world = await openWorld();
  await world.config.provision({ ...at, environment: 'dev', values: { title: 'Shop' } });
  const changes = ['env:dev', 'env:live'].map((layer) => ({ key: 'title', layer, value: `of ${layer}` }));
  await world.config.startRollout({ ...at, changes, holdMs: 3_600_000 });
  const [seen] = await world.asProcess('shop').rollouts({});
  expect(seen?.changes).toEqual([{ key: 'title', layer: 'env:dev', after: 'of env:dev' }]);
  expect((await world.config.rollouts({}))[0]?.changes).toHaveLength(2);
});

test('convergence names who runs which revision, as long as they watch', async () => {
  await using world = await openWorld();
  await world.config.provision({ ...at, values: { title: 'Shop' } });
  const shop = world.asProcess('shop');
  const feed = shop.watch(at)[Symbol.asyncIterator]();
  const first = (await feed.next()).value as ConfigFeedEvent;
  await shop.report({ ...at, instance: 'shop-1', revision: first.revision });
  expect(await world.config.convergence(at)).toMatchObject({
    revision: first.revision,
    instances: [{ instance: 'shop-1', revision: first.revision }],
  });

  const set = await world.config.set({ ...at, key: 'title', value: 'Sale' });
  const second = (await feed.next()).value as ConfigFeedEvent;
  expect(second).toEqual({
    kind: 'change',
    revision: set.kind === 'stored' ? set.revision : 0,
    changes: [{ key: 'title', value: 'Sale' }],
  });
  await feed.return?.();
  await expect.poll(async () => (await world.config.convergence(at)).instances).toEqual([]);
});

test('an instance that came back before its lost watch was noticed is still named', async () => {
  await using world = await openWorld();
  await world.config.provision({ ...at, values: { title: 'Shop' } });
  const shop = world.asProcess('shop');
  const [lost, next] = [shop.watch(at)[Symbol.asyncIterator](), shop.watch(at)[Symbol.asyncIterator]()];
  await lost.next();
  const { revision } = (await next.next()).value as ConfigFeedEvent;
  await shop.report({ ...at, instance: 'shop-1', revision });
  await lost.return?.();
  // Its own end is told after that of the other.
  await world.config.convergence(at);
  expect((await world.config.convergence(at)).instances).toMatchObject([{ instance: 'shop-1', revision }]);
  await next.return?.();
  await expect.poll(async () => (await world.config.convergence(at)).instances).toEqual([]);
});

// Goal: whoever applies the feed has what `list` says, whatever was done, and is told only of what changed in force.
test('a reader that applies every event ends with the values in force', async () => {
  const key = fc.constantFrom('a', 'b.c', 'b.d', 'e');
  const value = fc.oneof(
    fc.integer({ min: 0, max: 2 }),
    fc.constantFrom('x', ''),
    fc.constant(null),
    fc.constant(false),
  );
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), key, value }),
    fc.record({ kind: fc.constant('unset' as const), key }),
    fc.record({ kind: fc.constant('provision' as const), values: fc.dictionary(key, value) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      await using world = await openWorld();
      const feed = world.asProcess('shop').watch(at)[Symbol.asyncIterator]();
      const replica = new Map<string, ConfigValue>();
      const apply = async (): Promise<void> => {
        const { value: event } = (await feed.next()) as { value: ConfigFeedEvent };
        if (event.kind === 'snapshot') {
          replica.clear();
          for (const [name, given] of Object.entries(event.values)) replica.set(name, given);
          return;
        }
        for (const { key: name, value: given } of event.changes) {
          expect(given).not.toEqual(replica.get(name) ?? Number.NaN);
          if (given === undefined) replica.delete(name);
          else replica.set(name, given);
        }
      };
      await apply();
      for (const { kind, ...input } of steps) {
        const before = await world.config.list(at);
        await (world.config[kind] as (input: object) => Promise<unknown>)({ ...at, ...input }).catch(() => undefined);
        const after = await world.config.list(at);
        const inForce = (entries: typeof before): string =>
          JSON.stringify(entries.map(({ key: name, value: given }) => [name, given]));
        if (inForce(before) !== inForce(after)) await apply();
        const all = Object.fromEntries(after.map((entry) => [entry.key, entry.value]));
        expect(Object.fromEntries(replica)).toEqual(all);
        expect((await world.config.snapshot(at)).values).toEqual(all);
      }
      await feed.return?.();
    }),
    { numRuns: 60 },
  );
});
