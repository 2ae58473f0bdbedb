/** JSON Schema, draft 2020-12, as a check of configuration values, by ajv. */
import { describeError, OperatingError } from '@plumb/base';
import { type ConfigValue, isSealedValue } from '@plumb/config/feed';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import { unflatten } from './flatten.ts';
import { checkSchemaShape } from './schema-shape.ts';

/** With `uniqueItems`, each item of a list may be compared with each other: longer lists are not checked, but refused. */
const LIST_ITEMS_MAX = 4_096;

export type SchemaFault = { readonly key: string; readonly keyword: string; readonly reason: string };

/** Gives every fault of values by key. None of its reasons has a value in it. */
export type SchemaCheck = (values: ReadonlyMap<string, ConfigValue>) => readonly SchemaFault[];

/**
 * `format` says what a value is meant to be, and is not checked, as the draft has it. A sealed value cannot be looked into:
 * it fits whatever the schema says of its path, as does an alternative (`anyOf`, `oneOf`, `not`, `if`) that hangs on it.
 * @throws OperatingError `invalid` where it is no schema, or has a pattern that RE2 does not know; `exhausted` where it is
 * too large or too deep.
 */
export function compileSchema(schema: Readonly<Record<string, unknown>>): SchemaCheck {
  checkSchemaShape(schema);
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    strictTuples: false,
    validateFormats: false,
    logger: false,
    code: { regExp: linearRegExp },
  });
  const validate = compile(ajv, schema);
  return (values) => {
    const long = [...values].filter(([, value]) => Array.isArray(value) && value.length > LIST_ITEMS_MAX);
    if (long.length > 0) {
      const reason = `has over ${LIST_ITEMS_MAX} items, which is more than a schema is checked on: keep data elsewhere`;
      return long.map(([key]) => ({ key, keyword: 'maxItems', reason }));
    }
    if (validate(unflatten(values)) === true) return [];
    return withoutSealed(validate.errors ?? [], values).map((error) => toFault(error, values));
  };
}

function compile(ajv: Ajv2020, schema: Readonly<Record<string, unknown>>): ReturnType<Ajv2020['compile']> {
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw new OperatingError('invalid', `it is not a schema: ${describeError(error)}`);
  }
}

/** ajv's words for a regular expression: RE2, since a pattern comes from outside and must not run for ever. */
const linearRegExp = Object.assign(
  (pattern: string): { readonly test: (text: string) => boolean; readonly toString: () => string } => {
    const compiled = RE2JS.compile(pattern);
    // By its text ajv tells one pattern from another.
    return { test: (text) => compiled.matcher(text).find(), toString: () => `/${pattern}/` };
  },
  // For code that ajv writes to a file, which is not asked for.
  { code: 'linearRegExp' },
);

/** Keywords whose fault follows from those of their parts. */
const COMPOSED = ['anyOf', 'oneOf', 'not', 'if', 'contains', 'dependentSchemas', 'propertyNames'];

/** Leaves out what is said of sealed values, and of alternatives that may be right but for them. */
function withoutSealed(errors: readonly ErrorObject[], values: ReadonlyMap<string, ConfigValue>): ErrorObject[] {
  const sealed = [...values].flatMap(([key, value]) => (isSealedValue(value) ? [toPointer(key)] : []));
  // That an alternative has failed says its own parts better.
  const told = errors.filter(({ keyword }) => keyword !== 'if');
  if (sealed.length === 0) return told;
  const isIn = (path: string, above: string): boolean => path === above || path.startsWith(`${above}/`);
  const isSealed = ({ instancePath }: ErrorObject): boolean => sealed.some((path) => isIn(instancePath, path));
  const open = told.filter(
    ({ keyword, instancePath }) => COMPOSED.includes(keyword) && sealed.some((path) => isIn(path, instancePath)),
  );
  return told.filter((error) => !isSealed(error) && !open.some(({ schemaPath }) => isIn(error.schemaPath, schemaPath)));
}

function toFault(error: ErrorObject, values: ReadonlyMap<string, ConfigValue>): SchemaFault {
  const { keyword, params, message = 'does not fit' } = error;
  const missing = nameIn(params, 'missingProperty');
  const surplus = nameIn(params, 'additionalProperty') ?? nameIn(params, 'unevaluatedProperty');
  const path = fromPointer(error.instancePath);
  const inside = missing ?? surplus;
  if (inside !== undefined) path.push(inside);
  const { key, rest } = splitAtLeaf(path, values);
  return { key, keyword, reason: `${rest}${reasonOf(keyword, params, { missing, surplus, message })}` };
}

function reasonOf(
  keyword: string,
  params: Readonly<Record<string, unknown>>,
  { missing, surplus, message }: { missing: string | undefined; surplus: string | undefined; message: string },
): string {
  if (missing !== undefined) return 'must have a value';
  if (surplus !== undefined) return 'is not in the schema';
  if (keyword === 'enum') return `must be one of ${JSON.stringify(params['allowedValues'])}`;
  if (keyword === 'const') return `must be ${JSON.stringify(params['allowedValue'])}`;
  return message;
}

function nameIn(params: Readonly<Record<string, unknown>>, name: string): string | undefined {
  return typeof params[name] === 'string' ? params[name] : undefined;
}

/** A key, and where within its value: a list is one value. */
function splitAtLeaf(path: readonly string[], values: ReadonlyMap<string, ConfigValue>): { key: string; rest: string } {
  for (let length = 1; length < path.length; length += 1) {
    const key = path.slice(0, length).join('.');
    if (values.has(key)) return { key, rest: `item ${path.slice(length).join('.')} ` };
  }
  return { key: path.join('.'), rest: '' };
}

function toPointer(key: string): string {
  return `/${key.split('.').join('/')}`;
}

function fromPointer(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}
