// The one writer: planned on a state, written only over it.
import { systemClock } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { expect, test } from 'vitest';
import { ConfigStore } from './config-store.ts';

const BY = { author: 'ada' };

test('a plan that another process overtook is made again on what is there then', async () => {
  await using kv = await openMemoryKv({ clock: systemClock });
  const [own, other] = [new ConfigStore(kv, systemClock), new ConfigStore(kv, systemClock)];
  const set = (store: ConfigStore, value: number): Promise<unknown> =>
    store.commit('shop', () => ({ kind: 'commit', changes: [{ layer: 'common', key: 'count', value }] }), BY);
  await set(own, 1);
  const seen: unknown[] = [];
  await own.commit(
    'shop',
    async (state) => {
      const count = Number(state.get('common', 'count')?.value);
      seen.push(count);
      // At first somebody else is faster, and its change is even seen here before the plan is made.
      if (seen.length === 1) {
        await set(other, 5);
        await own.read('shop', async (_, hub) => hub.reach(kv.revision()));
      }
      return { kind: 'commit', changes: [{ layer: 'common', key: 'count', value: count + 1 }] };
    },
    BY,
  );
  expect(seen).toEqual([1, 5]);
  expect(await other.read('shop', (state) => state.get('common', 'count')?.value)).toBe(6);
  // And where it is not seen before the write.
  seen.length = 0;
  await own.commit(
    'shop',
    (state) => {
      const count = Number(state.get('common', 'count')?.value);
      seen.push(count);
      if (seen.length === 1) void set(other, 7);
      return { kind: 'commit', changes: [{ layer: 'common', key: 'count', value: count + 1 }] };
    },
    BY,
  );
  expect(await own.read('shop', (state) => state.get('common', 'count')?.value)).toBe(seen.length === 1 ? 7 : 8);
  await Promise.all([own.close(), other.close()]);
});

test('who is overtaken all the time is told so', async () => {
  await using kv = await openMemoryKv({ clock: systemClock });
  const [own, other] = [new ConfigStore(kv, systemClock), new ConfigStore(kv, systemClock)];
  let count = 0;
  const overtaken = own.commit(
    'shop',
    async () => {
      count += 1;
      const value = count;
      await other.commit('shop', () => ({ kind: 'commit', changes: [{ layer: 'common', key: 'a', value }] }), BY);
      return { kind: 'commit', changes: [{ layer: 'common', key: 'b', value: 1 }] };
    },
    BY,
  );
  await expect(overtaken).rejects.toMatchObject({ code: 'conflict' });
  expect(count).toBe(8);
  expect(await own.read('shop', (state) => state.get('common', 'b'))).toBeUndefined();
  await Promise.all([own.close(), other.close()]);
});

test('a change that changes nothing is not written', async () => {
  await using kv = await openMemoryKv({ clock: systemClock });
  const store = new ConfigStore(kv, systemClock);
  const changes = [{ layer: 'common', key: 'a', value: [1] }];
  const first = await store.commit('shop', () => ({ kind: 'commit', changes }), BY);
  const before = kv.revision();
  expect(await store.commit('shop', () => ({ kind: 'commit', changes }), BY)).toEqual(first);
  expect(kv.revision()).toBe(before);
  await store.close();
});
