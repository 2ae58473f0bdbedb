import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { fitsSchema } from './fits-schema.ts';

const KEYS = ['a', 'b', 'kind'];
const leafSchema = fc.constantFrom<v.GenericSchema>(
  v.string(),
  v.number(),
  v.boolean(),
  v.null(),
  v.undefined(),
  v.unknown(),
  v.literal('x'),
  v.literal(1),
  v.picklist(['x', 'y']),
  v.date(),
  v.instance(Uint8Array),
  v.pipe(v.string(), v.minLength(1)),
  v.pipe(v.string(), v.description('text'), v.regex(/^[a-z]/)),
  v.pipe(v.number(), v.integer(), v.minValue(0)),
  v.pipe(v.string(), v.trim()),
  v.pipe(v.string(), v.toUpperCase(), v.minLength(2)),
  v.fallback(v.number(), 7),
  v.optional(v.string(), 'default'),
  v.nullish(v.number(), 3),
  v.tuple([v.string(), v.number()]),
  v.lazy(() => v.string()),
  v.custom<string>((value) => value === 'x'),
);
const schemas = fc.letrec<{ schema: v.GenericSchema; object: v.GenericSchema }>((tie) => ({
  object: fc.oneof(
    fc.dictionary(fc.constantFrom(...KEYS), tie('schema')).map((entries) => v.object(entries)),
    fc.dictionary(fc.constantFrom(...KEYS), tie('schema')).map((entries) => v.strictObject(entries)),
    fc.dictionary(fc.constantFrom(...KEYS), tie('schema')).map((entries) => v.looseObject(entries)),
    fc
      .tuple(tie('schema'), tie('schema'))
      .map(([a, b]) =>
        v.variant('kind', [
          v.object({ kind: v.literal('x'), a: a }),
          v.object({ kind: v.literal('y'), b: v.optional(b) }),
        ]),
      ),
  ),
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leafSchema,
    tie('schema').map((inner) => v.optional(inner)),
    tie('schema').map((inner) => v.nullable(inner)),
    tie('schema').map((inner) => v.nullish(inner)),
    tie('schema').map((inner) => v.array(inner)),
    tie('schema').map((inner) => v.record(v.string(), inner)),
    tie('schema').map((inner) => v.record(v.picklist(KEYS), inner)),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((options) => v.union(options)),
    tie('object'),
  ),
})).schema;
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>('x', 'y', ' x', '', 1, -1, 0.5, Number.NaN, true, null, undefined, new Date(0)),
    fc.constantFrom<unknown>(new Date(Number.NaN), Uint8Array.of(1), new Map(), Object.create(null), Array(1)),
    fc.constantFrom<unknown>(JSON.parse('{"__proto__": {}}'), { constructor: 1 }, new (class Own {})()),
    fc.dictionary(fc.constantFrom(...KEYS, 'more'), tie('value'), { noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value;

// Goal: nothing that parsing would refuse or change is let through. Method: any schema, any value; where the value is said
// to fit, parsing gives it back.
test('what fits is what parsing gives back', () => {
  let fitCount = 0;
  fc.assert(
    fc.property(schemas, fc.array(values, { minLength: 60, maxLength: 60 }), (schema, candidates) => {
      const fits = fitsSchema(schema);
      for (const value of candidates) {
        if (!fits(value)) continue;
        fitCount += 1;
        const parsed = v.safeParse(schema, value);
        expect(parsed).toMatchObject({ success: true });
        expect(parsed.output).toEqual(value);
        if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
          expect(Object.keys(parsed.output as object).toSorted()).toEqual(Object.keys(value).toSorted());
        }
      }
    }),
    { numRuns: 1_000 },
  );
  expect(fitCount).toBeGreaterThan(500);
});

test('the kinds of schema that contracts are made of are known', () => {
  const instance = v.object({
    name: v.pipe(v.string(), v.regex(/^[a-z]+$/)),
    port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))),
    state: v.variant('kind', [
      v.object({ kind: v.literal('up') }),
      v.object({ kind: v.literal('down'), at: v.date() }),
    ]),
    labels: v.record(v.string(), v.string()),
    tags: v.array(v.union([v.string(), v.number(), v.null()])),
    bytes: v.instance(Uint8Array),
    any: v.unknown(),
  });
  const value = {
    name: 'web',
    state: { kind: 'down', at: new Date(0) },
    labels: { a: 'b' },
    tags: ['a', 1, null],
    bytes: new Uint8Array(1),
    any: undefined,
  };
  const fits = fitsSchema(instance);
  expect(fits(value)).toBe(true);
  expect(fits({ ...value, port: 80 })).toBe(true);
  const { any: _any, ...withoutAny } = value;
  for (const other of [
    { ...value, more: 1 },
    { ...value, port: -1 },
    { ...value, name: 'Web' },
    { ...value, labels: { a: 1 } },
    { ...value, state: { kind: 'down' } },
    { ...value, state: { kind: 'gone' } },
    withoutAny,
  ]) {
    expect(fits(other)).toBe(false);
  }
});
