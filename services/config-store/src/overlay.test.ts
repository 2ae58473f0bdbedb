// What a rollout gives its members, at the store: the overlay, and what it keeps others from.
import { systemClock } from '@plumb/base';
import type { ConfigFeedEvent } from '@plumb/config/feed';
import { openMemoryKv } from '@plumb/kv';
import type { SharedValue } from '@plumb/rpc';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { Planned } from './commit-writer.ts';
import { entryAt } from './config-entries.ts';
import { ConfigStore } from './config-store.ts';

type Feed = AsyncIterator<SharedValue<ConfigFeedEvent>>;

async function openStore() {
  await using opening = new AsyncDisposableStack();
  const kv = opening.use(await openMemoryKv({ clock: systemClock }));
  const store = new ConfigStore(kv, systemClock);
  opening.defer(() => store.close());
  const { hub } = opening.use(await store.open('shop'));
  const stop = new AbortController();
  opening.defer(() => stop.abort());
  const open = opening.move();
  return {
    store,
    hub,
    commit: async (planned: Partial<Planned>): Promise<void> => {
      await store.commit('shop', () => ({ kind: 'commit', changes: [], ...planned }), { author: 'ada' });
    },
    follow: (instance: string): Feed => hub.watch({ coordinates: {}, instance, mayOpen: () => false }, stop.signal),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

const change = (key: string, value?: unknown, layer = 'common'): Planned['changes'][number] =>
  value === undefined ? { layer, key } : { layer, key, value: value as string };

test('members of a rollout get its values at once, nobody else, and its end changes nothing for them', async () => {
  await using world = await openStore();
  const { commit, follow } = world;
  await commit({ changes: [change('title', 'Old'), change('gone', 1)] });
  const [member, other, late] = [follow('a'), follow('b'), follow('c')];
  for (const one of [member, other, late]) await one.next();
  const changes = [change('title', 'New'), change('gone')];
  await commit({ overlay: { id: 'r', changes, members: ['a'] } });
  const given = { kind: 'change', changes: [{ key: 'gone' }, { key: 'title', value: 'New' }] };
  expect((await member.next()).value.value).toMatchObject(given);
  await commit({ overlay: { id: 'r', changes, members: ['a', 'c'] }, rollout: 'r' });
  expect((await late.next()).value.value).toMatchObject(given);
  // Who comes while it goes on is a member or not, as its record says.
  expect((await follow('a').next()).value.value).toMatchObject({ kind: 'snapshot', values: { title: 'New' } });
  await commit({ changes, overlay: null, rollout: 'r' });
  expect((await other.next()).value.value).toMatchObject(given);
  await commit({ changes: [change('title', 'Next')] });
  for (const one of [member, other, late]) {
    expect((await one.next()).value.value).toMatchObject({ changes: [{ key: 'title', value: 'Next' }] });
  }
  await commit({ overlay: { id: 's', changes: [change('title', 'Bad')], members: ['a'] } });
  expect((await member.next()).value.value).toMatchObject({ changes: [{ key: 'title', value: 'Bad' }] });
  await commit({ overlay: null, rollout: 's' });
  expect((await member.next()).value.value).toMatchObject({ changes: [{ key: 'title', value: 'Next' }] });
});

test('a member is told that a value is of the rollout, and in which layer', async () => {
  await using world = await openStore();
  await world.commit({ changes: [change('title', 'Old'), change('kept', 1), change('title', 'Shop', 'manifest')] });
  const changes = [change('title', 'New', 'env:live'), change('kept', 2)];
  await world.commit({ overlay: { id: 'r', changes, members: ['a'] } });
  const { state } = world.hub;
  const entryFor = (instance: string, key: string): unknown => {
    const place = state.placeOf({ coordinates: { environment: 'live' }, instance, mayOpen: () => false });
    return entryAt('shop', state, place, key);
  };
  const ofRollout = { author: 'rollout r', revision: state.revision, manifestValue: 'Shop' };
  expect(entryFor('a', 'title')).toMatchObject({ value: 'New', layer: 'env:live', ...ofRollout });
  expect(entryFor('a', 'kept')).toMatchObject({ value: 2, layer: 'common', author: 'rollout r' });
  expect(entryFor('b', 'title')).toMatchObject({ value: 'Old', layer: 'common', author: 'ada' });
});

test('what members see must fit as well, when it begins and with each change beside it', async () => {
  await using world = await openStore();
  const { store, commit } = world;
  await commit({ changes: [change('a', 1)] });
  await store.schemas.put('shop', { schema: JSON.stringify({ maxProperties: 2 }), author: 'ada', at: 0 });
  const overlay = (...changes: Planned['changes']): Partial<Planned> => ({
    overlay: { id: 'r', changes, members: ['a'] },
  });
  await expect(commit(overlay(change('a.b', 1)))).rejects.toThrow('beside a');
  await expect(commit(overlay(change('b', 1), change('c', 1)))).rejects.toMatchObject({ code: 'invalid' });
  await commit(overlay(change('b', 1)));
  // With what all have, it would be three for members.
  await expect(commit({ changes: [change('c', 1)] })).rejects.toMatchObject({ code: 'invalid' });
  await commit({ changes: [change('a', 2)] });
  await expect(commit({ changes: [change('b', 1, 'env:live')] })).rejects.toThrow('b is being rolled out by r');
  await expect(commit({ changes: [change('b.c', 1)] })).rejects.toMatchObject({ code: 'conflict' });
  // A deploy is not held up by it.
  await commit({ changes: [change('b', 0, 'manifest')] });
});

test('a view is kept up to date as long as somebody reads it', async () => {
  await using world = await openStore();
  const { hub, commit, follow } = world;
  await commit({ changes: [change('title', 'Old')] });
  const [member, other] = [follow('a'), follow('b')];
  await Promise.all([member.next(), other.next()]);
  expect(hub.viewCount).toBe(1);
  await commit({ overlay: { id: 'r', changes: [change('title', 'New')], members: ['a'] } });
  expect(hub.viewCount).toBe(2);
  await commit({ overlay: null, rollout: 'r' });
  expect(hub.viewCount).toBe(1);
  await Promise.all([member.return?.(), other.return?.()]);
  await until('nobody reads', () => hub.viewCount === 0);
});
