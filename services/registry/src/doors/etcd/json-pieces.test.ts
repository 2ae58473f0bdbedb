import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonPieces } from './json-pieces.ts';

test('objects come out whole however they are cut, with braces and quotes in their texts', () => {
  const object = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.constantFrom('}', '"', '\\"{', '\\')));
  fc.assert(
    fc.property(fc.array(object, { maxLength: 4 }), fc.array(fc.nat({ max: 9 })), (objects, cuts) => {
      const text = objects.map((one) => JSON.stringify(one)).join('\n');
      const pieces = new JsonPieces();
      const found: string[] = [];
      let at = 0;
      for (const cut of cuts) {
        found.push(...pieces.push(text.slice(at, at + cut)));
        at += cut;
      }
      found.push(...pieces.push(text.slice(at)));
      expect(found.map((piece) => JSON.parse(piece) as unknown)).toEqual(objects);
      expect(pieces.isWithin).toBe(false);
    }),
  );
});

test('what waits for its end is counted', () => {
  const pieces = new JsonPieces();
  expect(pieces.push('{"a": {"b"')).toEqual([]);
  expect([pieces.size, pieces.isWithin]).toEqual([10, true]);
});
