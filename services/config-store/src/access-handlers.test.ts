import type { SealedValue } from '@plumb/config/feed';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { BOB, openConfigWorld as openWorld } from '../test/config-world.ts';

const at = { application: 'shop' } as const;
const HOUR_MS = 3_600_000;

test('who reads a key is told with the path that was read, and who of them runs', async () => {
  await using world = await openWorld();
  await world.config.change({
    ...at,
    changes: [
      { key: 'mail.host', value: 'x' },
      { key: 'title', value: 'y' },
    ],
  });
  const [web, worker] = [world.asProcess('shop', 'shop-web-1'), world.asProcess('shop', 'shop-worker-1')];
  const feed = web.watch(at)[Symbol.asyncIterator]();
  await feed.next();
  await web.reportReads({ ...at, instance: 'shop-web-1', component: 'web', release: 'r1', paths: ['mail', 'title'] });
  await worker.reportReads({ ...at, instance: 'shop-worker-1', paths: ['mail.host', ''] });
  const readers = await world.config.whoReads({ ...at, key: 'mail.host' });
  expect(readers.map(({ instance, path, isRunning, component }) => [instance, path, isRunning, component])).toEqual([
    ['shop-worker-1', 'mail.host', false, undefined],
    ['shop-web-1', 'mail', true, 'web'],
    ['shop-worker-1', '', false, undefined],
  ]);
  const speakFor = web.reportReads({ ...at, instance: 'shop-worker-1', paths: ['title'] });
  await expect(speakFor).rejects.toMatchObject({ code: 'denied' });
  await expect(world.asProcess('mail').whoReads({ ...at, key: 'title' })).rejects.toMatchObject({ code: 'denied' });
  await feed.return?.();
});

test('a key is unused since it was set or last read, and reading everything does not count', async () => {
  await using world = await openWorld();
  const { clock, config } = world;
  await config.provision({ ...at, values: { old: 1, used: 1, mail: { host: 'x' } } });
  await config.set({ application: 'plumb', key: 'notify.email.to', value: 'x' });
  const setAt = clock.now();
  await clock.advance(2 * HOUR_MS);
  await config.set({ ...at, key: 'young', value: 1 });
  const readAt = clock.now();
  await world.asProcess('shop').reportReads({ ...at, instance: 'shop-1', paths: ['used', 'mail', ''] });
  expect(await config.unused({})).toEqual([
    { ...at, key: 'old', since: setAt },
    { ...at, key: 'young', since: setAt + 2 * HOUR_MS },
  ]);
  await clock.advance(HOUR_MS);
  expect((await config.unused({ ...at, unusedForMs: 2 * HOUR_MS })).map(({ key }) => key)).toEqual(['old']);
  await clock.advance(24 * HOUR_MS);
  expect((await config.unused({ ...at, unusedForMs: 24 * HOUR_MS })).find(({ key }) => key === 'used')).toEqual({
    ...at,
    key: 'used',
    since: readAt,
    lastReadAt: readAt,
  });
  expect(await config.unused({ application: 'plumb' })).toEqual([]);
});

test('who can open a secret follows from what it is sealed to and who owns that', async () => {
  await using world = await openWorld();
  const { config } = world;
  const shop = { owner: 'application:shop', ...at };
  await config.addRecipient({ recipient: 'age1shop', ...shop, environment: 'live' });
  await config.addRecipient({ recipient: 'age1ada', owner: 'ada' });
  const sealed: SealedValue = { $sealed: 'YWdl', to: ['age1ada', 'age1gone'] };
  await config.set({ ...at, key: 'mail.password', value: sealed, layer: 'env:live' });
  const expected = {
    layer: 'env:live',
    owners: ['ada'],
    unknown: ['age1gone'],
    missing: ['application:shop'],
    surplus: [],
  };
  expect(await config.whoCanRead(at)).toEqual([{ key: 'mail.password', ...expected }]);
  expect(await config.whoCanRead({ ...at, key: 'title' })).toEqual([]);
  const recipients = await config.recipientsFor({ ...at, layer: 'env:test' });
  expect(recipients.map(({ recipient, addedBy }) => [recipient, addedBy])).toEqual([['age1ada', 'ada']]);
  expect(await config.removeRecipient({ recipient: 'age1ada' })).toEqual({ removed: 1 });
  expect((await config.whoCanRead(at))[0]).toMatchObject({ owners: [], unknown: ['age1ada', 'age1gone'] });
});

test('the ciphertexts of a rollout reach only who owns a recipient of them', async () => {
  await using world = await openWorld();
  const { config } = world;
  await config.addRecipient({ recipient: 'age1ada', owner: 'ada' });
  const sealed: SealedValue = { $sealed: 'YWdl', to: ['age1ada'] };
  const changes = [{ key: 'password', value: sealed }];
  const started = await config.startRollout({ ...at, changes });
  expect(started.changes[0]?.after).toEqual(sealed);
  const bob = world.as(BOB);
  const withheld = { $sealed: '', to: [] };
  expect((await bob.rollouts({}))[0]?.changes[0]?.after).toEqual(withheld);
  expect((await bob.widenRollout({ id: started.id })).changes[0]?.after).toEqual(withheld);
  expect((await bob.revertRollout({ id: started.id })).changes[0]?.after).toEqual(withheld);
});

test('a screen is told which parts of an application are news', async () => {
  await using world = await openWorld();
  const stop = new AbortController();
  const seen = new Set<string>();
  const reading = (async () => {
    for await (const { application, parts } of world.config.follow(at, { signal: stop.signal })) {
      for (const part of parts) seen.add(`${application} ${part}`);
    }
  })().catch(() => undefined);
  const shop = world.asProcess('shop');
  await world.config.set({ application: 'other', key: 'title', value: 'x' });
  await world.config.set({ ...at, key: 'title', value: 'x' });
  await world.config.addRecipient({ recipient: 'age1ada', owner: 'ada' });
  await world.config.startRollout({ ...at, changes: [{ key: 'x', value: 1 }] });
  await shop.reportReads({ ...at, instance: 'shop-1', paths: ['title'] });
  await world.config.protect({ ...at, environment: 'live', isProtected: true });
  await world.config.change({ ...at, changes: [{ key: 'y', value: 1 }] });
  const feed = shop.watch(at)[Symbol.asyncIterator]();
  await feed.next();
  const parts = ['values', 'rollouts', 'reads', 'recipients', 'proposals', 'convergence'];
  await until('each part was told', async () => {
    await world.clock.advance(250);
    return parts.every((part) => seen.has(`shop ${part}`));
  });
  expect([...seen].filter((one) => !one.startsWith('shop '))).toEqual([]);
  await feed.return?.();
  stop.abort();
  await reading;
});
