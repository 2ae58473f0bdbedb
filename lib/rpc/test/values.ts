import { OperatingError } from '@plumb/base';

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
  Uint8ClampedArray.of(0, 255),
  Int8Array.of(-1),
  Int16Array.of(-2),
  Uint16Array.of(65_535),
  Int32Array.of(-3),
  Uint32Array.of(4_294_967_295),
  BigInt64Array.of(-4n),
  BigUint64Array.of(18_446_744_073_709_551_615n),
  Float16Array.of(1.5),
  Float32Array.of(1.5),
  Float64Array.of(1.1),
  new TypeError('port must be a number'),
  { errors: new Map([['web', Object.assign(new Error('no such file'), { code: 'ENOENT' })]]) },
  new OperatingError('conflict', 'it is at revision 7', {
    details: { revision: 7, at: new Date(0) },
    cause: new OperatingError('unavailable', 'the store is closed', { cause: 'the disk is full' }),
  }),
];
