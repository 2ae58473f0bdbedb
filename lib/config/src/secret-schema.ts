import { Secret } from '@plumb/vault';
import * as v from 'valibot';
import type { ConfigValue } from './feed.ts';

/**
 * For schemas of values in which some are secrets, `v.object({ password: secret() })`: a sealed value as it is, and text
 * as a secret, as it stands in the files of a developer.
 */
export function secret(): v.GenericSchema<unknown, Secret<ConfigValue>> {
  return v.pipe(
    v.custom<Secret<ConfigValue> | string>(
      (value) => value instanceof Secret || typeof value === 'string',
      'it must be a secret, or text',
    ),
    v.transform((value) => (typeof value === 'string' ? Secret.of<ConfigValue>(value) : value)),
  );
}
