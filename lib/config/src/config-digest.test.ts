import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { canonicalJson, ConfigDigest, digestOf } from './config-digest.ts';
import type { ConfigValue } from './feed.ts';

test('the digest is what its definition says', () => {
  const of = (text: string): bigint => BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 32)}`);
  const expected =
    of('title\0"Tips é"') ^ of('mail.to\0{"$sealed":"YQ==","to":["age1a","age1b"]}') ^ of('ports\0[1,2.5,null]');
  const values: [string, ConfigValue][] = [
    ['ports', [1, 2.5, null]],
    ['mail.to', { to: ['age1a', 'age1b'], $sealed: 'YQ==' }],
    ['title', 'Tips é'],
  ];
  expect(digestOf(values)).toBe(expected.toString(16).padStart(32, '0'));
  // As docs/formats/config-copy.md says.
  expect(digestOf([])).toBe('0'.repeat(32));
  expect(digestOf([['title', 'Tips']])).toBe('ac73a18cbf8d8cd47c3d4f7e5be67fd8');
  expect(digestOf(Object.entries({ title: 'Tips', 'mail.port': 25 }))).toBe('9dd563375447b6f206312d03c377b8b8');
});

test('what is not the same value has another digest', () => {
  const digests = [
    [['a', 1]],
    [['a', '1']],
    [['a', [1]]],
    [['a', null]],
    [['a\0', 1]],
    [['b', 1]],
    [['a', { b: 1 }]],
    [],
  ];
  expect(new Set(digests.map((values) => digestOf(values as [string, ConfigValue][]))).size).toBe(digests.length);
});

const key = fc.constantFrom('a', 'a.b', 'c', 'd.e.f');
const value = fc.jsonValue() as fc.Arbitrary<ConfigValue>;

test('changes in any order leave the digest of what is there, and back is back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.option(value, { nil: undefined }))), (changes) => {
      const values = new Map<string, ConfigValue>();
      const digest = new ConfigDigest();
      for (const [name, next] of changes) {
        digest.set(name, next);
        if (next === undefined) values.delete(name);
        else values.set(name, next);
      }
      expect(digest.hex).toBe(digestOf(values));
      expect(digestOf([...values].reverse())).toBe(digestOf(values));
      for (const name of values.keys()) digest.set(name, undefined);
      expect(digest.hex).toBe(digestOf([]));
    }),
  );
});

test('canonical JSON is JSON, and does not tell how an object was made', () => {
  fc.assert(
    fc.property(value, (given) => {
      expect(JSON.parse(canonicalJson(given))).toEqual(JSON.parse(JSON.stringify(given)));
      const reversed = JSON.parse(JSON.stringify(given), (_name, inner: unknown) =>
        typeof inner === 'object' && inner !== null && !Array.isArray(inner)
          ? Object.fromEntries(Object.entries(inner).reverse())
          : inner,
      ) as ConfigValue;
      expect(canonicalJson(reversed)).toBe(canonicalJson(given));
    }),
  );
});
