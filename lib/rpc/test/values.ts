/** Values that every encoding carries, and those that only the binary ones do. */
export const PLAIN_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -0.5,
  2 ** 53,
  1e300,
  '',
  'zażółć 🙂 \u0000',
  [],
  [1, [2, [3]]],
  {},
  { a: { b: [{ c: null }] } },
];

export const RICH_VALUES: readonly unknown[] = [
  ...PLAIN_VALUES,
  undefined,
  [undefined, 1],
  Number.NaN,
  -Infinity,
  12n,
  -(2n ** 200n),
  2n ** 64n,
  new Date(1_760_000_000_123),
  new Map<unknown, unknown>([
    ['a', 1],
    [2, new Map([[new Date(0), 'b']])],
  ]),
  new Set([1, 'two', null]),
  new Uint8Array([0, 255, 7]),
  new Uint8Array(100_000).fill(3),
];
