import { OperatingError } from '@plumb/base';
import { type ConfigValue, configKeySchema } from '@plumb/config/feed';
import * as v from 'valibot';

/** A nested object deeper than this is a mistake or an attack. */
const DEPTH_MAX = 16;

type ConfigObject = { readonly [key: string]: ConfigValue };

export function isConfigObject(value: ConfigValue): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Nested objects as dotted paths; arrays stay one value, empty objects vanish.
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

/**
 * The key among `keys` that cannot live beside `key`: a value has no keys below it.
 * Of `mail` and `mail.host` only one can be set.
 */
export function findPathClash(key: string, keys: Iterable<string>): string | undefined {
  for (const other of keys) if (other.startsWith(`${key}.`) || key.startsWith(`${other}.`)) return other;
  return undefined;
}
