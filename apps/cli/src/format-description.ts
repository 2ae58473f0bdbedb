/** What can be called, for people: a line or two a method, or everything about one. The texts are a server's: not trusted. */
import { type CallableDescription, formatType, type JsonSchema } from '@plumb/rpc';
import type { Style } from './style.ts';
import { formatTable, plainText } from './style.ts';

/** Columns that types are broken at. */
const WIDTH = 100;
/** How deep the objects of an example are filled in. */
const EXAMPLE_DEPTH_MAX = 3;
/** Columns of a type that fits into a table, between a name and what else is asked. */
const TYPE_WIDTH = 60;

/** Each service with the names of its methods. */
export function formatServices(methods: readonly CallableDescription[], style: Style): string {
  const byService = Map.groupBy(methods, ({ method }) => serviceOf(method));
  const rows = [...byService].map(([service, own]) => [
    style.bold(plainText(service)),
    own.map(({ method }) => plainText(verbOf(method))).join(', '),
  ]);
  return formatTable(['SERVICE', 'METHODS'], rows, style);
}

/** The methods of a service: how each is called, and what it is for. */
export function formatMethods(methods: readonly CallableDescription[], style: Style): string {
  return methods.map((one) => [signature(one, style), ...about(one, style)].join('\n')).join('\n');
}

/** One method with each of its arguments, what it answers, and a call to begin from. */
export function formatMethod(one: CallableDescription, style: Style): string {
  const { method, input, output, kind, summary, scope, allowed, idempotent } = one;
  const section = (title: string, text: string): string[] => ['', style.bold(title), indented(text)];
  const needs =
    scope === undefined ? 'any caller may call it' : `${plainText(scope)}${allowed ? '' : ', which you do not hold'}`;
  const answer = output === undefined ? 'what the function returns' : shownType(output, 2);
  return [
    style.bold(plainText(method)),
    ...(summary === undefined ? [] : [plainText(summary)]),
    ...section('Input', input === undefined ? argumentsText(one) : fieldsText(input, style)),
    ...section(kind === 'stream' ? 'Answers with a stream of' : 'Answer', answer),
    ...section('Needs', allowed || scope !== undefined ? needs : 'the policy of the service does not let you call it'),
    ...(idempotent === true ? section('Idempotent', 'running it twice does what running it once does') : []),
    ...section('Example', `plumb call ${plainText(method)}${exampleInput(one)}`),
  ].join('\n');
}

function signature({ method, input, arity = 0, kind }: CallableDescription, style: Style): string {
  const name = plainText(method);
  const isNone = input === undefined ? arity === 0 : isEmptyObject(input);
  const type = input === undefined ? counted(arity, 'argument') : shownType(input, name.length + 1);
  return `${style.cyan(name)}(${isNone ? '' : type})${kind === 'stream' ? style.dim(' → stream') : ''}`;
}

function about({ summary, scope, allowed }: CallableDescription, style: Style): string[] {
  const refused = scope === undefined ? 'you may not call it' : `needs ${plainText(scope)}`;
  return [
    ...(summary === undefined ? [] : [`  ${plainText(summary)}`]),
    ...(allowed ? [] : [`  ${style.yellow(`✖ ${refused}`)}`]),
  ];
}

function argumentsText({ arity = 0 }: CallableDescription): string {
  return `a list of arguments; the function names ${arity}`;
}

/** A line for each field of an object: name, type, and what else is asked of it. Another type as it is. */
function fieldsText(input: JsonSchema, style: Style): string {
  const { properties, required } = input;
  if (isEmptyObject(input)) return 'an empty object';
  if (typeof properties !== 'object' || properties === null) return shownType(input, 2);
  const names = new Set(Array.isArray(required) ? required : []);
  const rows = Object.entries(properties as Record<string, JsonSchema>).map(([name, field]) => [
    `${plainText(name)}${names.has(name) ? '' : '?'}`,
    // A reference is from the root.
    plainText(formatType({ ...field, $defs: input['$defs'] })),
    style.dim(plainText(boundsOf(field).join(', '))),
  ]);
  if (rows.some(([, type = '']) => type.length > TYPE_WIDTH)) return shownType(input, 2);
  return formatTable(['NAME', 'TYPE', ''], rows, style);
}

/** What a type does not say of a value. */
function boundsOf(field: JsonSchema): string[] {
  const bound = (keyword: string, text: (value: string) => string): string[] => {
    const value = field[keyword];
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [text(`${value}`)]
      : [];
  };
  return [
    ...bound('description', (text) => text),
    ...(field['type'] === 'integer' ? ['a whole number'] : []),
    ...bound('minimum', (value) => `at least ${value}`),
    ...bound('maximum', (value) => `at most ${value}`),
    ...bound('minLength', (value) => `at least ${counted(value, 'character')}`),
    ...bound('maxLength', (value) => `at most ${counted(value, 'character')}`),
    ...bound('minItems', (value) => `at least ${counted(value, 'item')}`),
    ...bound('maxItems', (value) => `at most ${counted(value, 'item')}`),
    ...bound('pattern', (value) => `matches ${value}`),
    ...bound('format', (value) => value),
    ...bound('default', (value) => `default ${value}`),
  ];
}

/** An input with what is required, to be filled in. Nothing where nothing is. */
function exampleInput({ input, arity = 0 }: CallableDescription): string {
  if (input === undefined) return arity === 0 ? '' : ` '[${Array<string>(arity).fill('…').join(', ')}]'`;
  const { required } = input;
  if (!Array.isArray(required) || required.length === 0) return '';
  return ` '${plainText(exampleValue(input, 0)).replaceAll("'", "'\\''")}'`;
}

function exampleValue(schema: JsonSchema, depth: number): string {
  const { type, enum: options, const: only } = schema;
  if (only !== undefined) return JSON.stringify(only);
  if (Array.isArray(options)) return JSON.stringify(options[0] ?? null);
  switch (type) {
    case 'string':
      return '"…"';
    case 'number':
    case 'integer':
      return '0';
    case 'boolean':
      return 'true';
    case 'array':
      return '[…]';
    case 'object':
      return depth < EXAMPLE_DEPTH_MAX ? exampleObject(schema, depth) : '{…}';
    default:
      return '…';
  }
}

function exampleObject({ properties, required }: JsonSchema, depth: number): string {
  const names = Array.isArray(required) ? required : [];
  const fields = Object.entries((properties ?? {}) as Record<string, JsonSchema>)
    .filter(([name]) => names.includes(name))
    .map(([name, field]) => `${JSON.stringify(name)}:${exampleValue(field, depth + 1)}`);
  return `{${fields.join(',')}}`;
}

/** The lines of a type are ours, what is in them is not. */
function shownType(schema: JsonSchema, column: number): string {
  const lines = formatType(schema, { width: WIDTH, column }).split('\n').map(plainText);
  // A union that is too long begins on a line of its own, indented.
  return lines[0] === ''
    ? lines
        .slice(1)
        .map((line) => line.slice(2))
        .join('\n')
    : lines.join('\n');
}

function counted(count: number | string, thing: string): string {
  return `${count} ${thing}${String(count) === '1' ? '' : 's'}`;
}

function isEmptyObject({ type, properties, additionalProperties }: JsonSchema): boolean {
  const isBare = additionalProperties === undefined || additionalProperties === false;
  return type === 'object' && isBare && Object.keys((properties ?? {}) as object).length === 0;
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

export function serviceOf(method: string): string {
  return method.split('.')[0] ?? method;
}

function verbOf(method: string): string {
  return method.slice(serviceOf(method).length + 1);
}
