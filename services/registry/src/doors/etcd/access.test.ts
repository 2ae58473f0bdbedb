import { expect, test } from 'vitest';
import fc from 'fast-check';
import { mayRange, requireAll, requireSome } from './access.ts';
import { EtcdError } from './etcd-error.ts';
import { commonPrefix, fromStoreKey, toStoreKey, toStoreRange } from './key-codec.ts';

const caller = (...scopes: string[]) => ({ id: 'ada', scopes });
const bytes = (text: string): Uint8Array => Buffer.from(text);

test('a range needs a scope for what all its keys begin with', () => {
  const check = (scope: string, key: string, end: string | undefined, expected: boolean): void =>
    expect(mayRange(caller(scope), 'etcd:read', bytes(key), end === undefined ? undefined : bytes(end))).toBe(expected);
  check('etcd:read', 'a', '\0', true);
  check('*', '\0', '\0', true);
  check('etcd:*', 'a', undefined, true);
  check('etcd:write', 'a', undefined, false);
  check('etcd:read:app/', 'app/x', undefined, true);
  check('etcd:read:app/', 'app', undefined, false);
  check('etcd:read:app/', 'app/', 'app0', true);
  check('etcd:read:app/', 'app/a', 'app/c', true);
  check('etcd:read:app/', 'app/a', 'app0', true);
  check('etcd:read:app/', 'app/', 'app1', false);
  check('etcd:read:app/', 'app/', 'b', false);
  check('etcd:read:app/', 'app/', '\0', false);
  check('etcd:*:app/', 'app/', 'app0', true);
  check('etcd:read:grüße/', 'grüße/a', undefined, true);
});

test('a scope for text that is cut within a character, or is none, is not widened by it', () => {
  const end = Uint8Array.of();
  // 0xc3 begins both ü and ö: what they share is nothing.
  expect(mayRange(caller('etcd:read:ü'), 'etcd:read', Uint8Array.of(0xc3), Uint8Array.of(0xc4))).toBe(false);
  expect(mayRange(caller('etcd:read:a'), 'etcd:read', Uint8Array.of(0x61, 0xff, 0x62), end)).toBe(true);
  expect(mayRange(caller('etcd:read:a\ufffd'), 'etcd:read', Uint8Array.of(0x61, 0xff, 0x62), end)).toBe(false);
});

test('what is no key’s needs everything, what harms nobody something', () => {
  expect(() => requireAll(caller('etcd:write:app/'), 'etcd:write')).toThrow(EtcdError);
  requireAll(caller('etcd:write'), 'etcd:write');
  requireSome(caller('config:read', 'etcd:*:app/'), 'etcd:write');
  expect(() => requireSome(caller('etcd:read:app/', 'config:write'), 'etcd:write')).toThrow('permission denied');
});

test('keys of any bytes come back, in their order, and a common prefix is the longest that holds the range', () => {
  const key = fc
    .uint8Array({ minLength: 1, maxLength: 4 })
    .map((one) => one.map((byte) => [0, 1, 97, 254, 255][byte % 5] ?? 0));
  fc.assert(
    fc.property(key, key, key, (a, b, c) => {
      expect(Buffer.from(fromStoreKey(toStoreKey(a))).equals(a)).toBe(true);
      expect(Math.sign(Buffer.compare(Buffer.from(toStoreKey(a)), Buffer.from(toStoreKey(b))))).toBe(
        Math.sign(Buffer.compare(a, b)),
      );
      const { start, end = '' } = toStoreRange(a, b);
      const isOpen = b.length === 1 && b[0] === 0;
      const isIn = Buffer.compare(c, a) >= 0 && (isOpen || Buffer.compare(c, b) < 0);
      const inStore = Buffer.from(toStoreKey(c));
      expect(Buffer.compare(inStore, Buffer.from(start)) >= 0 && Buffer.compare(inStore, Buffer.from(end)) < 0).toBe(
        isIn,
      );
      const prefix = commonPrefix(a, b);
      if (isIn) expect(Buffer.from(c.subarray(0, prefix.length)).equals(prefix)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
  expect(commonPrefix(Uint8Array.of(97, 255, 255), Uint8Array.of(98))).toEqual(Uint8Array.of(97, 255, 255));
  expect(commonPrefix(Uint8Array.of(97, 1), Uint8Array.of(97, 3))).toEqual(Uint8Array.of(97));
});
