import fc from 'fast-check';
import { expect, test } from 'vitest';
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
        expect([...sorted.underPrefix(prefix)]).toEqual(expected);
      }
      expect(sorted.get(`k/${around}`)).toBe(model.get(`k/${around}`));
    }),
    { numRuns: fc.readConfigureGlobal().numRuns ?? 40 },
  );
});
