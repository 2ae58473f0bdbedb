import { OperatingError } from '@plumb/base';
import { type ConfigValue, configKeySchema, isSealedValue } from '@plumb/config/feed';
import * as v from 'valibot';

/** A nested object deeper than this is a mistake or an attack. */
const DEPTH_MAX = 16;

type ConfigObject = { readonly [key: string]: ConfigValue };

/** Whether a value is taken apart into its parts. A sealed value is one, and so is a list. */
export function isConfigObject(value: ConfigValue): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isSealedValue(value);
}

/**
 * Nested objects as dotted paths; arrays and sealed values stay one value, empty objects vanish.
 * @throws OperatingError `invalid` for a name that cannot be part of a path, two ways to the same key, or a depth over 16.
 */
export function flatten(values: ConfigObject): ReadonlyMap<string, ConfigValue> {
  const flat = new Map<string, ConfigValue>();
  const visit = (object: ConfigObject, path: string, depth: number): void => {
    if (depth > DEPTH_MAX) throw new OperatingError('invalid', `${path} is nested over ${DEPTH_MAX} deep: flatten it`);
    for (const [name, value] of Object.entries(object)) {
      const key = path === '' ? name : `${path}.${name}`;
      if (isConfigObject(value)) {
        visit(value, key, depth + 1);
        continue;
      }
      if (!v.safeParse(configKeySchema, key).success) {
        throw new OperatingError(
          'invalid',
          `"${key}" is not a configuration key: use letters, digits and inner hyphens, with dots between`,
        );
      }
      if (flat.has(key)) throw new OperatingError('invalid', `${key} is given twice: keep one of them`);
      flat.set(key, value);
    }
  };
  visit(values, '', 1);
  return flat;
}

/** The inverse, for keys that do not clash. */
export function unflatten(values: Iterable<readonly [key: string, value: ConfigValue]>): Record<string, ConfigValue> {
  const tree: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of values) {
    const parts = key.split('.');
    const last = parts.pop() ?? key;
    let branch = tree;
    for (const part of parts) branch = (branch[part] ??= Object.create(null)) as Record<string, unknown>;
    branch[last] = value;
  }
  return tree as Record<string, ConfigValue>;
}
