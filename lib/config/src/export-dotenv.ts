/** Values as variables: `mail.max-size` is `MAIL__MAX_SIZE`, and the items of a list are `HOSTS__0`, `HOSTS__1`. */
import type { ConfigObject } from './config-values.ts';
import type { ConfigValue } from './feed.ts';
import { isPlainScalar } from './import-words.ts';

export function formatDotenv(values: ReadonlyMap<string, ConfigValue>, prefix: string): string {
  return [...values].flatMap(([key, value]) => linesOf(prefix + variableName(key), value)).join('');
}

/** The name of the variable that a key is read from. */
export function variableName(key: string): string {
  return key.replaceAll('.', '__').replaceAll('-', '_').toUpperCase();
}

function linesOf(name: string, value: ConfigValue): string[] {
  if (typeof value !== 'object' || value === null) return [`${name}=${quote(value)}\n`];
  const entries = Object.entries(value as ConfigObject);
  return entries.flatMap(([inner, one]) => linesOf(`${name}__${variableName(inner)}`, one));
}

/** Text is bare where it is a plain word that nothing would read as anything else. */
function quote(value: boolean | number | string | null): string {
  if (typeof value !== 'string') return String(value);
  if (/^[A-Za-z0-9_./:@%+-]+$/.test(value) && !isPlainScalar(value)) return value;
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('$', '\\$');
  return `"${escaped}"`;
}
