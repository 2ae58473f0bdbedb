import { expect, test } from 'vitest';
import * as v from 'valibot';
import { formatType, type FormatTypeOptions } from './format-type.ts';
import { jsonSchemaOf } from './json-schema.ts';

async function typeOf(schema: v.GenericSchema, options?: FormatTypeOptions): Promise<string> {
  return formatType(await jsonSchemaOf(schema, 'input'), options);
}

test('types read as in TypeScript', async () => {
  const check = async (schema: v.GenericSchema, expected: string): Promise<void> =>
    expect(await typeOf(schema)).toBe(expected);
  await check(v.string(), 'string');
  await check(v.pipe(v.number(), v.integer(), v.minValue(0)), 'number');
  await check(v.object({ key: v.string(), limit: v.optional(v.number()) }), '{ key: string; limit?: number }');
  await check(v.object({}), '{}');
  await check(v.object({ 'a b': v.null(), "it's": v.boolean() }), "{ 'a b': null; 'it\\'s': boolean }");
  await check(v.record(v.string(), v.array(v.number())), '{ [key: string]: number[] }');
  await check(v.objectWithRest({ a: v.string() }, v.number()), '{ a: string; [key: string]: number }');
  await check(v.array(v.union([v.string(), v.number()])), '(string | number)[]');
  await check(v.union([v.string(), v.union([v.null(), v.string()])]), 'string | null');
  await check(v.picklist(['a', 'b']), "'a' | 'b'");
  await check(v.literal(7), '7');
  await check(v.nullable(v.string()), 'string | null');
  await check(v.optional(v.string()), 'string | undefined');
  await check(v.tuple([v.number(), v.string()]), '[number, string]');
  await check(v.tupleWithRest([v.number()], v.union([v.string(), v.null()])), '[number, ...(string | null)[]]');
  await check(v.intersect([v.object({ a: v.string() }), v.object({ b: v.string() })]), '{ a: string } & { b: string }');
  await check(v.variant('kind', [v.object({ kind: v.literal('x') })]), "{ kind: 'x' }");
  await check(v.never(), 'never');
  await check(v.any(), 'unknown');
});

test('what JSON has no word for is called by its name', async () => {
  const input = v.object({
    at: v.date(),
    wei: v.bigint(),
    bytes: v.instance(Uint8Array),
    tags: v.set(v.string()),
    done: v.function(),
    odd: v.custom<string>(() => true),
    one: v.literal(1n),
    gone: v.undefinedable(v.number()),
  });
  expect(await typeOf(input)).toBe(
    '{ at: Date; wei: bigint; bytes: Uint8Array; tags: Set; done: function; odd: unknown; one: 1n; gone: number | undefined }',
  );
});

test('a type within itself ends where it comes again', async () => {
  const tree: v.GenericSchema = v.lazy(() => v.object({ name: v.string(), children: v.array(tree) }));
  expect(await typeOf(tree)).toBe('{ name: string; children: …[] }');
  expect(await typeOf(v.optional(tree))).toBe('{ name: string; children: …[] } | undefined');
});

test('a long type is broken into lines', async () => {
  const input = v.object({
    application: v.string(),
    events: v.array(
      v.variant('kind', [
        v.object({ kind: v.literal('snapshot'), revision: v.number(), keys: v.array(v.string()) }),
        v.object({ kind: v.literal('change'), revision: v.number() }),
      ]),
    ),
    nested: v.array(v.object({ first: v.string(), second: v.string(), third: v.string() })),
    either: v.union([
      v.object({ first: v.string(), second: v.string() }),
      v.object({ third: v.object({ long: v.array(v.string()), longer: v.array(v.string()), longest: v.null() }) }),
    ]),
    state: v.picklist(['starting', 'progressing', 'ready', 'unready', 'lagging', 'stalled', 'forked', 'failed']),
  });
  expect(await typeOf(input, { width: 60, column: 4 })).toMatchInlineSnapshot(`
    "{
      application: string;
      events: (
        | { kind: 'snapshot'; revision: number; keys: string[] }
        | { kind: 'change'; revision: number }
      )[];
      nested: { first: string; second: string; third: string }[];
      either:
        | { first: string; second: string }
        | {
            third: {
              long: string[];
              longer: string[];
              longest: null;
            };
          };
      state: 'starting' | 'progressing' | 'ready' | 'unready' |
        'lagging' | 'stalled' | 'forked' | 'failed';
    }"
  `);
});

test('what a stranger says is printed without trust', () => {
  let deep: object = { type: 'string' };
  for (let i = 0; i < 10_000; i += 1) deep = { type: 'array', items: deep };
  expect(formatType(deep as never)).toMatch(/^…(\[\])+$/);
  const fan = (to: number): object => ({ type: 'array', prefixItems: Array(9).fill({ $ref: `#/$defs/${to}` }) });
  const bomb = { ...fan(0), $defs: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i, fan(i + 1)])) };
  expect(formatType(bomb).length).toBeLessThan(100_000);
  const check = (schema: unknown, expected: string): void => expect(formatType(schema as never)).toBe(expected);
  check(null, 'unknown');
  check([], 'unknown');
  check({ $ref: '#/$defs/__proto__' }, 'unknown');
  check({ $ref: 'https://example.com' }, 'unknown');
  check({ type: 'object', properties: 7, required: 'x' }, '{}');
  check({ anyOf: [] }, 'never');
  check({ type: ['string', 'null'] }, 'string | null');
  check({ type: 'array', prefixItems: [false] }, '[never]');
  check({ enum: [null, 1, { a: 1 }] }, 'null | 1 | {"a":1}');
});
