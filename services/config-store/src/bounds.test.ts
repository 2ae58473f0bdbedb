// The bounds that the README names, each reached.
import { expect, test } from 'vitest';
import { openConfigWorld } from '../test/config-world.ts';

const at = { application: 'shop' } as const;
const names = (count: number, prefix = 'key'): string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

test('250 changes at once fit one transaction, also where each has a full history', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  const keys = names(250);
  for (let round = 0; round <= 102; round += 1) {
    await config.change({ ...at, changes: keys.map((key) => ({ key, value: round })) });
  }
  expect(await config.history({ ...at, key: 'key-249', limit: 1_000 })).toHaveLength(100);
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
  for (let part = 0; part < 40; part += 1) {
    await config.change({ ...at, changes: names(250, `part-${part}`).map((key) => ({ key, value: 1 })) });
  }
  await expect(config.set({ ...at, key: 'more', value: 1 })).rejects.toThrow('over the 10000 that fit');
  await config.change({ ...at, changes: [{ key: 'part-0-0' }, { key: 'more', value: 1 }] });
  for (let i = 0; i < 63; i += 1) await config.set({ ...at, key: 'more', value: i, layer: `env:e${i}` });
  await expect(config.set({ ...at, key: 'more', value: 1, layer: 'region:eu' })).rejects.toThrow('over 64 layers');
  await expect(config.set({ ...at, key: 'big', value: 'x'.repeat(65_535), layer: 'env:e1' })).rejects.toThrow(
    'over the 65536',
  );
  const changes = names(40, 'large').map((key) => ({ key, value: 'x'.repeat(60_000), layer: 'env:e1' }));
  await expect(config.change({ ...at, changes })).rejects.toThrow('over the 2097152 of one change');
  await config.change({ ...at, changes: changes.slice(0, 34) });
});

test('a change costs what it changes, not what there is', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  let count = 0;
  const measure = async (): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < 30; i += 1) {
      const startedAt = performance.now();
      await config.set({ ...at, key: 'count', value: (count += 1) });
      times.push(performance.now() - startedAt);
    }
    return times.sort((a, b) => a - b)[5] ?? 0;
  };
  await measure();
  const small = await measure();
  for (let part = 0; part < 38; part += 1) {
    await config.change({ ...at, changes: names(250, `part-${part}`).map((key) => ({ key, value: 1 })) });
  }
  // Reading and writing all of it would take some hundred times as long; the rest is room for a busy machine.
  expect(await measure()).toBeLessThan(Math.max(small * 10, 5));
});
