import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PrefixIndex } from './prefix-index.ts';

// Goal: a topic finds exactly those who asked for a beginning of it. Method: random changes, compared with a list.
test('matches are those of a list that is searched from end to end', () => {
  const prefix = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 3 });
  const step = fc.record({ isAdd: fc.boolean(), prefix, value: fc.nat(3) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 5 }),
      (steps, topic) => {
        const index = new PrefixIndex<number>();
        const model = new Map<string, Set<number>>();
        for (const { isAdd, prefix, value } of steps) {
          const values = model.get(prefix) ?? new Set();
          const before = values.size;
          if (isAdd) values.add(value);
          else values.delete(value);
          model.set(prefix, values);
          const outcome = isAdd ? index.add(prefix, value) : index.delete(prefix, value);
          expect(outcome).toBe(isAdd ? before === 0 : before === 1 && values.size === 0);
        }
        const found: number[] = [];
        index.match(Buffer.from(topic, 'latin1'), (value) => found.push(value));
        const expected = [...model].flatMap(([prefix, values]) => (topic.startsWith(prefix) ? [...values] : []));
        expect(found.toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
      },
    ),
  );
});
