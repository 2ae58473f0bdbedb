// The bounds that the README names, each reached.
import { createCollection, type Operation } from '@plumb/kv';
import { expect, test } from 'vitest';
import { type ConfigWorld, openConfigWorld } from '../test/config-world.ts';

const at = { application: 'shop' } as const;
const by = { author: 'ada', at: 1 };
const names = (count: number, prefix = 'key'): string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

test('250 changes at once fit one transaction, also where each has a full history', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  const keys = names(250);
  const lines = createCollection<object>(world.kv, 'config/history/');
  const line = { ...by, layer: 'common', value: 1 };
  await putAll(
    world,
    keys.flatMap((key) => names(100, 'line').map((id) => lines.putOperation(`shop/${key}/${id}`, line))),
  );
  await config.change({ ...at, changes: keys.map((key) => ({ key, value: 2 })) });
  const history = await config.history({ ...at, key: 'key-249', limit: 1_000 });
  expect(history).toHaveLength(100);
  expect(history.slice(0, 2).map(({ value }) => value)).toEqual([2, 1]);
  await config.change({ ...at, changes: keys.map((key) => ({ key })) });
  expect((await config.snapshot(at)).values).toEqual({});
  await expect(config.change({ ...at, changes: names(251).map((key) => ({ key, value: 1 })) })).rejects.toMatchObject({
    code: 'invalid',
  });
  await expect(
    config.provision({ ...at, values: Object.fromEntries(names(251).map((key) => [key, 1])) }),
  ).rejects.toThrow('over the 250 that fit');
});

test('a layer has at most 10,000 keys, an application 64 layers, a change 2 MiB', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await fill(world, 10_000);
  await expect(config.set({ ...at, key: 'more', value: 1 })).rejects.toThrow('over the 10000 that fit');
  await config.change({ ...at, changes: [{ key: 'part-0' }, { key: 'more', value: 1 }] });
  for (let i = 0; i < 63; i += 1) await config.set({ ...at, key: 'more', value: i, layer: `env:e${i}` });
  await expect(config.set({ ...at, key: 'more', value: 1, layer: 'region:eu' })).rejects.toThrow('over 64 layers');
  await expect(config.set({ ...at, key: 'big', value: 'x'.repeat(65_535), layer: 'env:e1' })).rejects.toThrow(
    'over the 65536',
  );
  const changes = names(40, 'large').map((key) => ({ key, value: 'x'.repeat(60_000), layer: 'env:e1' }));
  await expect(config.change({ ...at, changes })).rejects.toThrow('over the 2097152 of one change');
  const more = { ...at, changes: changes.slice(17, 34) };
  await config.change({ ...at, changes: changes.slice(0, 17) });
  await expect(config.change(more)).rejects.toThrow('env:e1 would have 2040');
  // What is there already can become less, and does not keep the rest from changing.
  await config.change({ ...at, changes: changes.slice(0, 17).map(({ key, layer }) => ({ key, layer })) });
  await config.change(more);
  // A page of what was before is one message.
  for (let i = 0; i < 3; i += 1) {
    await config.change({
      ...at,
      changes: more.changes.map((change) => ({ ...change, value: `${i}${change.value}` })),
    });
  }
  expect((await config.changeSets({ ...at, limit: 5 })).length).toBe(2);
});

test('a change costs what it changes, not what there is', async () => {
  const measure = async (keyCount: number): Promise<number> => {
    await using world = await openConfigWorld();
    await fill(world, keyCount);
    const times: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      const startedAt = performance.now();
      await world.config.set({ ...at, key: 'count', value: i });
      times.push(performance.now() - startedAt);
    }
    return times.sort((a, b) => a - b)[5] ?? 0;
  };
  await measure(10);
  const small = await measure(10);
  // Reading or writing all of it would take some hundred times as long; the rest is room for a busy machine.
  expect(await measure(9_900)).toBeLessThan(Math.max(small * 10, 5));
});

/** Values of `common`, as if they had been there before the service. */
async function fill(world: ConfigWorld, count: number): Promise<void> {
  const values = createCollection<object>(world.kv, 'config/value/');
  await putAll(world, [
    ...names(count, 'part').map((key) => values.putOperation(`shop/common/${key}`, { ...by, value: 1 })),
    values.putOperation('shop/changed', by),
  ]);
}

async function putAll({ kv }: ConfigWorld, operations: readonly Operation[]): Promise<void> {
  for (let from = 0; from < operations.length; from += 1_000) await kv.transact(operations.slice(from, from + 1_000));
}
