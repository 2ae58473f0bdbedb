/**
 * A JSON Schema as a type that people read, in the words of TypeScript: `{ key: string; limit?: number }`. It is for
 * reading only: bounds, patterns and defaults are left out. What `x-type` names is called by that name.
 */
import type { JsonSchema } from './json-schema.ts';

export type FormatTypeOptions = {
  /** Columns after which a type is broken into lines. The default is one line, however long. */
  readonly width?: number | undefined;
  /** Columns of what stands before the type on its first line. */
  readonly column?: number | undefined;
};

/** How deep a type is printed; deeper parts are `…`, as is a type within itself. */
const DEPTH_MAX = 12;
/** Parts of one type: more than anybody reads, and an end to references that multiply. */
const PARTS_MAX = 5_000;
const INDENT = 2;
const ELLIPSIS = '…';

/** Whatever `schema` holds, which may come from a stranger: it never throws for want of sense in it. */
export function formatType(schema: JsonSchema, { width = Infinity, column = 0 }: FormatTypeOptions = {}): string {
  return broken(typeOf(schema, { root: schema, within: [], count: { parts: 0 } }), { width, column, indent: 0 });
}

/** A type on the way to text: a word, several of which one holds, fields in braces, or a list of another. */
type Type =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'several'; readonly between: '|' | '&'; readonly types: readonly Type[] }
  | { readonly kind: 'fields'; readonly fields: readonly { readonly name: string; readonly type: Type }[] }
  | { readonly kind: 'list'; readonly item: Type }
  | { readonly kind: 'tuple'; readonly items: readonly Type[]; readonly rest: Type | undefined };

type Context = {
  readonly root: JsonSchema;
  readonly within: readonly unknown[];
  /** Shared by all parts of one type. */
  readonly count: { parts: number };
};

function typeOf(schema: unknown, context: Context): Type {
  const { root, within, count } = context;
  count.parts += 1;
  if (schema === false) return word('never');
  if (!isRecord(schema)) return word('unknown');
  if (within.length > DEPTH_MAX || count.parts > PARTS_MAX || within.includes(schema)) return word(ELLIPSIS);
  const inner = (part: unknown): Type => typeOf(part, { ...context, within: [...within, schema] });
  const several = (between: '|' | '&', parts: readonly unknown[]): Type => joined(between, parts.map(inner));

  const { $ref, anyOf, oneOf, allOf, not, type, enum: options } = schema;
  if (typeof $ref === 'string') return inner(definition(root, $ref));
  if (typeof schema['x-type'] === 'string') return word(schema['x-type']);
  if (Object.hasOwn(schema, 'const')) return word(literal(schema['const']));
  if (Array.isArray(options))
    return joined(
      '|',
      options.map((option) => word(literal(option))),
    );
  if (Array.isArray(anyOf)) return several('|', anyOf);
  if (Array.isArray(oneOf)) return several('|', oneOf);
  if (Array.isArray(allOf)) return several('&', allOf);
  if (Array.isArray(type))
    return several(
      '|',
      type.map((one: unknown) => ({ ...schema, type: one })),
    );
  switch (type) {
    case 'integer':
      return word('number');
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return word(type);
    case 'array':
      return arrayOf(schema, inner);
    case 'object':
      return objectOf(schema, inner);
    default:
      return word(isRecord(not) && Object.keys(not).length === 0 ? 'never' : 'unknown');
  }
}

function arrayOf({ items, prefixItems }: JsonSchema, inner: (part: unknown) => Type): Type {
  if (!Array.isArray(prefixItems)) return { kind: 'list', item: inner(items) };
  return { kind: 'tuple', items: prefixItems.map(inner), rest: isRecord(items) ? inner(items) : undefined };
}

function objectOf({ properties, required, additionalProperties }: JsonSchema, inner: (part: unknown) => Type): Type {
  const names = new Set(Array.isArray(required) ? required : []);
  const fields = Object.entries(isRecord(properties) ? properties : {}).map(([name, part]) => ({
    name: `${/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? name : literal(name)}${names.has(name) ? '' : '?'}`,
    type: inner(part),
  }));
  const others = isRecord(additionalProperties) ? [{ name: '[key: string]', type: inner(additionalProperties) }] : [];
  return { kind: 'fields', fields: [...fields, ...others] };
}

/** Each type once, and those of several within several of the same kind beside the others. */
function joined(between: '|' | '&', types: readonly Type[]): Type {
  const flat = types.flatMap((type) => (type.kind === 'several' && type.between === between ? type.types : [type]));
  const distinct = [...new Map(flat.map((type) => [onOneLine(type), type])).values()];
  const [first = word('never')] = distinct;
  return distinct.length <= 1 ? first : { kind: 'several', between, types: distinct };
}

function onOneLine(type: Type): string {
  switch (type.kind) {
    case 'word':
      return type.text;
    case 'several':
      return type.types.map(inBrackets).join(` ${type.between} `);
    case 'fields': {
      const fields = type.fields.map((field) => `${field.name}: ${onOneLine(field.type)}`);
      return fields.length === 0 ? '{}' : `{ ${fields.join('; ')} }`;
    }
    case 'list':
      return `${inBrackets(type.item)}[]`;
    case 'tuple': {
      const rest = type.rest === undefined ? [] : [`...${inBrackets(type.rest)}[]`];
      return `[${[...type.items.map(onOneLine), ...rest].join(', ')}]`;
    }
  }
}

function inBrackets(type: Type): string {
  return type.kind === 'several' ? `(${onOneLine(type)})` : onOneLine(type);
}

type Room = { readonly width: number; readonly column: number; readonly indent: number };

/** On one line where it fits into the room; fields and the parts of a union on lines of their own where it does not. */
function broken(type: Type, { width, column, indent }: Room): string {
  const line = onOneLine(type);
  if (column + line.length <= width) return line;
  const margin = ' '.repeat(indent + INDENT);
  switch (type.kind) {
    case 'several': {
      if (type.types.every(({ kind }) => kind === 'word')) return wrapped(type, { width, column, indent });
      // Behind the bar and its blank.
      const room = { width, column: indent + INDENT + 2, indent: indent + INDENT + 2 };
      return type.types.map((one) => `\n${margin}${type.between} ${broken(one, room)}`).join('');
    }
    case 'fields': {
      const lines = type.fields.map(({ name, type: one }) => {
        const room = { width, column: indent + INDENT + name.length + 3, indent: indent + INDENT };
        const text = broken(one, room);
        return `${margin}${name}:${text.startsWith('\n') ? '' : ' '}${text};\n`;
      });
      return `{\n${lines.join('')}${' '.repeat(indent)}}`;
    }
    case 'list':
      return type.item.kind === 'several'
        ? `(${broken(type.item, { width, column, indent })}\n${' '.repeat(indent)})[]`
        : `${broken(type.item, { width, column, indent })}[]`;
    case 'word':
    case 'tuple':
      return line;
  }
}

/** Words, as many on a line as it has room for. */
function wrapped({ types, between }: Extract<Type, { kind: 'several' }>, { width, column, indent }: Room): string {
  let [text, length] = ['', column];
  for (const [index, type] of types.entries()) {
    const part = `${onOneLine(type)}${index === types.length - 1 ? '' : ` ${between}`}`;
    const isBreak = index > 0 && length + part.length + 1 > width;
    text += index === 0 ? part : isBreak ? `\n${' '.repeat(indent + INDENT)}${part}` : ` ${part}`;
    length = (isBreak ? indent + INDENT : length + (index === 0 ? 0 : 1)) + part.length;
  }
  return text;
}

function definition(root: JsonSchema, reference: string): unknown {
  const name = /^#\/\$defs\/(.+)$/.exec(reference)?.[1]?.replaceAll('~1', '/').replaceAll('~0', '~');
  const definitions = root['$defs'];
  return name !== undefined && isRecord(definitions) && Object.hasOwn(definitions, name)
    ? definitions[name]
    : undefined;
}

function literal(value: unknown): string {
  return typeof value === 'string'
    ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
    : JSON.stringify(value);
}

function word(text: string): Type {
  return { kind: 'word', text };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
