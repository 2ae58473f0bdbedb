/** Configuration values as text in a field, and back: a value keeps its type. */
import type { ConfigValue } from '@plumb/config/feed';

export type ParsedValue =
  | { readonly kind: 'value'; readonly value: ConfigValue }
  | { readonly kind: 'fault'; readonly message: string };

/** A string as it is; anything else as JSON. */
export function valueText(value: ConfigValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function typeName(value: ConfigValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

/** `text` as a value of the same type as `current`, so that a port does not become a word by a slip of the finger. */
export function parseValue(text: string, current: ConfigValue): ParsedValue {
  if (typeof current === 'string') return { kind: 'value', value: text };
  const wanted = typeName(current);
  const parsed = parseJson(text.trim());
  if (parsed !== undefined && (current === null || typeName(parsed) === wanted))
    return { kind: 'value', value: parsed };
  return { kind: 'fault', message: TYPE_HELP[wanted] ?? 'write a JSON value' };
}

/** For a key that has no value yet: JSON where it is JSON, else a string. */
export function parseAnyValue(text: string): ConfigValue {
  return parseJson(text.trim()) ?? text;
}

const TYPE_HELP: Readonly<Record<string, string>> = {
  number: 'write a number, like 0.01',
  boolean: 'write true or false',
  list: 'write a JSON list, like ["a", "b"]',
  object: 'write a JSON object, like {"a": 1}',
  null: 'write a JSON value; text in double quotes',
};

/** Undefined for what is not JSON. */
function parseJson(text: string): ConfigValue | undefined {
  try {
    return JSON.parse(text) as ConfigValue;
  } catch {
    return undefined;
  }
}
