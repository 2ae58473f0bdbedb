import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isInRange, rangeOfKey, rangeOfPrefix } from './key-range.ts';
import { compareKeys, SortedMap } from './sorted-map.ts';

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('keys compare as their UTF-8 bytes do', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', 'é', '\uD7FF', '\uE000', '\uFFFD', '\u{10000}', '\u{10FFFF}'),
  });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(byBytes(a, b)));
    }),
  );
});

test('the range of a prefix holds what starts with it, and nothing else', () => {
  const unit = fc.constantFrom('a', 'b', '\0', '\uD7FF', '\uE000', '\uFFFF', '\u{10000}', '\u{10FFFF}');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 4 }), fc.string({ unit, maxLength: 4 }), (prefix, key) => {
      expect(isInRange(key, rangeOfPrefix(prefix))).toBe(key.startsWith(prefix));
      expect(isInRange(key, rangeOfKey(prefix))).toBe(key === prefix);
    }),
  );
});

// Enough keys for several blocks, in every order in which they can come and go.
test('a sorted map lists what a Map holds, in order', () => {
  const number = fc.integer({ min: 0, max: 2_000 });
  const run = fc.record({ from: number, length: fc.integer({ min: 1, max: 900 }), by: fc.constantFrom(1, -1, 7, -13) });
  const step = fc.tuple(fc.constantFrom('set', 'set', 'delete'), run);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), number, (steps, around) => {
      const sorted = new SortedMap<number>();
      const model = new Map<string, number>();
      for (const [kind, { from, length, by }] of steps) {
        for (let i = 0; i < length; i += 1) {
          const key = `k/${from + i * by}`;
          if (kind === 'set') {
            sorted.set(key, i);
            model.set(key, i);
          } else {
            expect(sorted.delete(key)).toBe(model.delete(key));
          }
        }
      }
      expect(sorted.size).toBe(model.size);
      const keys = [...model.keys()].sort(byBytes);
      for (const prefix of ['', 'k/', 'k/1', `k/${around}`, 'z', 'a']) {
        const expected = keys.filter((key) => key.startsWith(prefix)).map((key) => model.get(key));
        expect([...sorted.values(rangeOfPrefix(prefix))]).toEqual(expected);
        expect([...sorted.values(rangeOfPrefix(prefix), true)]).toEqual(expected.toReversed());
        expect(sorted.count(rangeOfPrefix(prefix))).toBe(expected.length);
      }
      for (const range of [{ start: `k/${around}` }, { start: 'k/1', end: `k/${around}` }]) {
        const inside = keys.filter((key) => isInRange(key, range)).map((key) => model.get(key));
        expect([...sorted.values(range)]).toEqual(inside);
        expect([...sorted.values(range, true)]).toEqual(inside.toReversed());
        expect(sorted.count(range)).toBe(inside.length);
      }
      expect(sorted.get(`k/${around}`)).toBe(model.get(`k/${around}`));
    }),
    { numRuns: fc.readConfigureGlobal().numRuns ?? 40 },
  );
});
