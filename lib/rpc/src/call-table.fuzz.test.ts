// Goal: the table is a Map with numbers as keys. Method: random steps on both, with numbers that share places and that
// are as large as numbers of calls can be, and runs of numbers that make it grow.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallTable } from './call-table.ts';

test('it holds what a map would hold', () => {
  const anyId = fc.oneof(
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 1, max: 8 }).map((n) => n * 64 + 1),
    fc.integer({ min: Number.MAX_SAFE_INTEGER - 200, max: Number.MAX_SAFE_INTEGER }),
  );
  const step = fc.oneof(
    fc.record({ add: anyId, count: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ delete: anyId, count: fc.integer({ min: 1, max: 100 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [table, model] = [new CallTable<{ readonly id: number }>(), new Map<number, { readonly id: number }>()];
      for (const step of steps) {
        const first = 'add' in step ? step.add : step.delete;
        for (let id = first; id < first + step.count && id <= Number.MAX_SAFE_INTEGER; id += 1) {
          if ('delete' in step) {
            expect(table.delete(id)).toBe(model.get(id));
            model.delete(id);
          } else if (!model.has(id)) {
            const call = { id };
            table.add(id, call);
            model.set(id, call);
          }
        }
        expect(table.size).toBe(model.size);
      }
      for (let id = 1; id <= 700; id += 1) expect(table.get(id)).toBe(model.get(id));
      expect(table.ids().toSorted((a, b) => a - b)).toEqual([...model.keys()].toSorted((a, b) => a - b));
      expect(new Set(table.values())).toEqual(new Set(model.values()));
    }),
  );
});

test('it grows with a burst and shrinks when that is over', () => {
  const table = new CallTable<{ readonly id: number }>();
  for (let id = 1; id <= 16_384; id += 1) table.add(id, { id });
  expect(table.size).toBe(16_384);
  expect(table.get(16_384)).toEqual({ id: 16_384 });
  for (let id = 1; id <= 16_384; id += 1) expect(table.delete(id)).toEqual({ id });
  expect([table.size, table.ids(), table.get(7), table.delete(7)]).toEqual([0, [], undefined, undefined]);
});
