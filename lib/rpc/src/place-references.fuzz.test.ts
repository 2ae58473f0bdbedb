import { OperatingError } from '@plumb/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extractReferences } from './extract-references.ts';
import { placeReferences } from './place-references.ts';

// Goal: no list of references, whatever is in it, does more than put stubs where the input has null, or be refused.
test('any list of references is placed, or refused with an operating error, and reaches nothing else', () => {
  const step = fc.oneof(
    fc.nat({ max: 3 }),
    fc.constantFrom('a', 'b', '__proto__', 'constructor', 'prototype', 'length', '0'),
  );
  const reference = fc.oneof(
    fc.record({
      at: fc.array(step, { maxLength: 4 }),
      ref: fc.nat({ max: 4 }),
      kind: fc.constantFrom('function', 'stream'),
    }),
    fc.anything(),
  );
  const input = fc.object({ key: fc.constantFrom('a', 'b', '__proto__'), values: [fc.constant(null), fc.nat()] });
  fc.assert(
    fc.property(input, fc.oneof(fc.array(reference, { maxLength: 4 }), fc.anything()), (given, list) => {
      const prototypes = [Object.prototype, Array.prototype, Function.prototype].map(
        (one) => Reflect.ownKeys(one).length,
      );
      const stubs: object[] = [];
      try {
        placeReferences(given, list, ({ ref }) => stubs[stubs.push({ ref }) - 1]);
      } catch (error) {
        if (!(error instanceof OperatingError)) throw error;
      }
      const after = [Object.prototype, Array.prototype, Function.prototype].map((one) => Reflect.ownKeys(one).length);
      expect(after).toEqual(prototypes);
    }),
    { numRuns: 2_000 },
  );
});

// Goal: what is taken out of an input is put back where it was. Method: functions at random places of random data.
test('what is extracted and placed again is where it was', () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      fc.constantFrom(1, 'text', null, 'call', 'read'),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c d', 'toString', '0'), tie('value'), { maxKeys: 4 }),
    ),
  }));
  let placedCount = 0;
  fc.assert(
    fc.property(value, (template) => {
      const stubs: unknown[] = [];
      // The words `call` and `read` stand for a function and a stream.
      const withReferences = (part: unknown, make: (kind: string) => unknown): unknown => {
        if (part === 'call' || part === 'read') return make(part);
        if (Array.isArray(part)) return part.map((item) => withReferences(item, make));
        if (typeof part !== 'object' || part === null) return part;
        const fields = Object.entries(part).map(([key, item]) => [key, withReferences(item, make)] as const);
        return Object.fromEntries(fields);
      };
      const given = withReferences(template, (kind) =>
        kind === 'call' ? () => 1 : { async *[Symbol.asyncIterator]() {} },
      );
      const extracted = extractReferences(given);
      if (extracted === undefined) {
        expect(given).toEqual(template);
        return;
      }
      const { input, found } = extracted;
      if (found.length > 64 || found.filter(({ kind }) => kind === 'stream').length > 16) return;
      // It is a copy without anything that cannot be sent.
      const sent: unknown = structuredClone(input);
      const references = found.map(({ at, kind }, i) => ({ at, kind, ref: i + 1 }));
      const placed = placeReferences(sent, references, ({ kind, ref }) => {
        stubs.push(ref);
        return kind === 'function' ? 'call' : 'read';
      });
      expect(placed).toEqual(template);
      expect(stubs).toHaveLength(found.length);
      placedCount += found.length;
    }),
    { numRuns: 500 },
  );
  expect(placedCount).toBeGreaterThan(100);
});
