import { encodeJson } from './json-codec.ts';
import { expect, test } from 'vitest';
import { itemCost } from './item-cost.ts';
import { STREAM_CREDIT_ITEMS } from './limits.ts';

test('a small item takes one credit, a large one as many as it has pieces, the greatest the whole window', () => {
  for (const item of [undefined, null, 7, 'text', true, {}, [], { a: { b: [1, 2] } }])
    expect(itemCost(item, 100)).toBe(1);
  expect(itemCost('x'.repeat(1_000), 100)).toBe(11);
  expect(itemCost(new Uint8Array(1_000), 100)).toBe(11);
  expect(itemCost('x'.repeat(100_000), 100)).toBe(STREAM_CREDIT_ITEMS);
  expect(
    itemCost(
      Array.from({ length: 100_000 }, () => 0),
      100,
    ),
  ).toBe(STREAM_CREDIT_ITEMS);
});

test('text counts wherever it is', () => {
  const text = 'x'.repeat(1_000);
  const homes = [
    [text],
    { text },
    { [text]: 1 },
    new Set([text]),
    new Map([[text, 1]]),
    new Map([[1, text]]),
    [[{ text }]],
  ];
  for (const home of homes) expect(itemCost(home, 100)).toBe(11);
});

test('the count of plain data is near what it takes as JSON', () => {
  const item = Array.from({ length: 200 }, (_, id) => ({
    id,
    name: `instance-${id}`,
    host: '127.0.0.1',
    isReady: true,
  }));
  const ratio = (itemCost(item, 64) * 64) / encodeJson({ item }).length;
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

test('a cycle is counted in bounded time', () => {
  const cycle: Record<string, unknown> = {};
  cycle['left'] = cycle;
  cycle['right'] = cycle;
  expect(itemCost(cycle, 100)).toBe(STREAM_CREDIT_ITEMS);
});
