/** Texts of formats that know only text. */
import type { ConfigValue } from './feed.ts';

/** Whether the text is exactly how JSON writes a number or truth value: `1.10`, `007` and `1e5` are texts. */
export function isPlainScalar(text: string): boolean {
  return scalarOf(text) !== undefined;
}

/** The number, truth value or list that the text writes; otherwise the text. */
export function plainValueOf(text: string): ConfigValue {
  const scalar = scalarOf(text);
  if (scalar !== undefined) return scalar;
  if (!text.startsWith('[')) return text;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? (list as ConfigValue[]) : text;
  } catch {
    return text;
  }
}

function scalarOf(text: string): number | boolean | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  if (!/^-?\d/.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) && String(number) === text && !isUnsafe(number) ? number : undefined;
}

function isUnsafe(number: number): boolean {
  return Number.isInteger(number) && !Number.isSafeInteger(number);
}
