/**
 * The schemas of contracts as JSON Schema (draft 2020-12), which programs in any language and people can read. What JSON
 * has no word for stays open in the schema and is named in `x-type`: `Date`, `bigint`, `function`, or the valibot type.
 */
import type { GenericSchema } from 'valibot';

export type JsonSchema = { readonly [keyword: string]: unknown };

export const JSON_SCHEMA_DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** By the `type` of valibot. A schema of any other type is named by that. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  bigint: 'bigint',
  blob: 'Blob',
  custom: 'unknown',
  date: 'Date',
  file: 'File',
  function: 'function',
  map: 'Map',
  nan: 'NaN',
  promise: 'Promise',
  set: 'Set',
  symbol: 'symbol',
  undefined: 'undefined',
  void: 'undefined',
};

/** What comes out of these is of another type than what goes in. */
const TRANSFORMED: Readonly<Record<string, JsonSchema>> = {
  find_item: { 'x-type': 'unknown' },
  parse_json: { 'x-type': 'unknown' },
  raw_transform: { 'x-type': 'unknown' },
  reduce_items: { 'x-type': 'unknown' },
  stringify_json: { type: 'string' },
  to_bigint: { 'x-type': 'bigint' },
  to_boolean: { type: 'boolean' },
  to_date: { 'x-type': 'Date' },
  to_number: { type: 'number' },
  to_string: { type: 'string' },
  transform: { 'x-type': 'unknown' },
};

/**
 * `schema` as who sends a value sees it (`input`), or who gets it (`output`). Never throws: what cannot be expressed, a
 * schema that recurses without end among it, accepts everything and says `x-type: "unknown"`.
 */
export async function jsonSchemaOf(schema: GenericSchema, side: 'input' | 'output'): Promise<JsonSchema> {
  try {
    // Of another library than valibot, which a caller without types may have used.
    if (typeof schema.type !== 'string') return { 'x-type': 'unknown' };
    // Loaded when somebody asks: most who import this package never describe anything.
    const { toJsonSchema } = await import('@valibot/to-json-schema');
    const {
      $schema: _,
      $defs,
      ...converted
    } = toJsonSchema(schema as never, {
      target: 'draft-2020-12',
      typeMode: side,
      errorMode: 'ignore',
      overrideSchema: ({ valibotSchema, jsonSchema, errors }) =>
        named(valibotSchema as GenericSchema, jsonSchema, errors !== undefined),
      overrideAction: ({ valibotAction }) => wordOf(TRANSFORMED, valibotAction.type),
    });
    const whole = isOptional(schema) ? { anyOf: [converted, { 'x-type': 'undefined' }] } : converted;
    // References are from the root.
    return plainJson($defs === undefined ? whole : { ...whole, $defs });
  } catch {
    return { 'x-type': 'unknown' };
  }
}

/** Whether functions or streams are somewhere in `schema`. */
export function typesNamedIn(schema: JsonSchema): ReadonlySet<string> {
  const names = new Set<string>();
  JSON.stringify(schema, (key, value: unknown) => {
    if (key === 'x-type' && typeof value === 'string') names.add(value);
    return value;
  });
  return names;
}

function named(schema: GenericSchema, jsonSchema: object, isFailed: boolean): object | undefined {
  switch (schema.type) {
    case 'undefinedable':
      return { anyOf: [jsonSchema, { 'x-type': 'undefined' }] };
    case 'literal': {
      const { literal } = schema as GenericSchema & { readonly literal?: unknown };
      return isFailed ? { 'x-type': typeof literal === 'bigint' ? `${literal}n` : String(literal) } : undefined;
    }
    case 'instance': {
      const { class: constructor } = schema as GenericSchema & { readonly class?: { readonly name?: string } };
      return { 'x-type': constructor?.name ?? 'object' };
    }
    default: {
      const name = wordOf(TYPE_NAMES, schema.type);
      if (name !== undefined) return { 'x-type': name };
      // Of a type that converts in principle, such as a record with odd keys, what was converted is kept.
      return isFailed && Object.keys(jsonSchema).length === 0 ? { 'x-type': schema.type } : undefined;
    }
  }
}

function wordOf<T>(words: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined;
}

/** In an object, an optional entry is one that is not required; by itself, the value may be absent. */
function isOptional({ type }: GenericSchema): boolean {
  return type === 'optional' || type === 'exact_optional' || type === 'nullish';
}

/** Defaults and metadata may hold anything: what JSON has not is left out. */
function plainJson(schema: object): JsonSchema {
  const text = JSON.stringify(schema, (_key, value: unknown) => (typeof value === 'bigint' ? undefined : value));
  return JSON.parse(text) as JsonSchema;
}
