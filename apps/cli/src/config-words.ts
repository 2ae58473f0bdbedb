/** Values and lists as people write them on a command line. */
import type { ConfigValue } from '@plumb/config/feed';
import { UsageError } from './command.ts';

/** JSON where it is JSON (numbers, true, lists), text otherwise: so that both `0.5` and `Tip jar` can be written as they are. */
export function parseValue(word: string, { isText }: { readonly isText: boolean }): ConfigValue {
  if (isText) return word;
  try {
    return JSON.parse(word) as ConfigValue;
  } catch {
    return word;
  }
}

/** `5,25,100`, each within the bounds. @throws UsageError. */
export function parseNumbers(
  given: string,
  {
    flag,
    min,
    max,
    isWhole,
  }: { readonly flag: string; readonly min: number; readonly max: number; readonly isWhole: boolean },
): readonly number[] {
  return given.split(',').map((part) => {
    const value = /^\d+(\.\d+)?$/.test(part.trim()) ? Number(part) : Number.NaN;
    if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value;
    const what = isWhole ? 'whole numbers' : 'numbers';
    throw new UsageError(`--${flag} takes ${what} from ${min} to ${max} with commas between, not "${given}"`);
  });
}

/** `a.b,c.*`: whether a key is one of them, or below one that ends in `.*`. */
export function keyMatcher(given: string | undefined): (key: string) => boolean {
  const patterns = (given ?? '').split(',').map((pattern) => pattern.trim());
  return (key) =>
    patterns.some((pattern) =>
      pattern === '*' ? true : pattern.endsWith('.*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern,
    );
}
