/**
 * The notation of values in test scripts: `5`, `1+2x10`, `5x4`, `_x3`, `stale`, `{{schema:1 sum:3 count:22 buckets:[1 2]}}`
 * with the same repetitions. `AxN` has N + 1 values.
 */
import { addHistograms, subtractHistograms } from '../src/native-histogram/arithmetic.ts';
import {
  type Buckets,
  createHistogram,
  CUSTOM_SCHEMA,
  type NativeHistogram,
  NO_BUCKETS,
  type ResetHint,
} from '../src/native-histogram/native-histogram.ts';

/** A histogram as a script states it; `hint` is undefined where it does not say. */
export type ScriptHistogram = { readonly histogram: NativeHistogram; readonly hint: ResetHint | undefined };
/** One value of a series; undefined where it has none. */
export type ScriptValue = number | 'stale' | ScriptHistogram | undefined;

const NUMBER = String.raw`(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|inf|nan)`;
/** Not hexadecimal: `0x5` is six times zero. */
const REPEATED = new RegExp(`^([-+]?${NUMBER})(?:([-+]${NUMBER}))?(?:x(\\d+))?$`, 'i');
const HISTOGRAMS = /^\{\{([^}]*)\}\}(?:([-+])\{\{([^}]*)\}\})?(?:x(\d+))?$/;

export function parseValues(text: string): ScriptValue[] {
  const words = text.match(/(?:\{\{[^}]*\}\}|[^\s{])+/g) ?? [];
  return words.flatMap((word): ScriptValue[] => {
    const missing = /^_(?:x(\d+))?$/.exec(word);
    if (missing !== null) return repeat(Number(missing[1] ?? 1), () => undefined);
    if (word === 'stale') return ['stale'];
    const histograms = HISTOGRAMS.exec(word);
    if (histograms !== null) return parseHistograms(histograms);
    const repeated = REPEATED.exec(word);
    if (repeated === null) throw new Error(`"${word}" is not a value of a series`);
    const [start, step] = [parseNumber(repeated[1] ?? ''), parseNumber(repeated[2] ?? '0')];
    return repeat(Number(repeated[3] ?? 0) + 1, (i) => (i === 0 ? start : start + step * i));
  });
}

/** Offsets of start times, ms: `-30s`, `-1m-1mx2`, `0`; undefined where there is none. */
export function parseOffsets(text: string): (number | undefined)[] {
  return text.split(/\s+/).flatMap((word): (number | undefined)[] => {
    const missing = /^_(?:x(\d+))?$/.exec(word);
    if (missing !== null) return repeat(Number(missing[1] ?? 1), () => undefined);
    const [, start = '', step = '0', count = '0'] =
      /^([-+]?\d[\dhms]*?)([-+]\d[\dhms]*?)?(?:x(\d+))?$/.exec(word) ?? [];
    return repeat(Number(count) + 1, (i) => parseOffset(start) + parseOffset(step) * i);
  });
}

function parseOffset(text: string): number {
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/.exec(text) ?? [];
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, '': 1_000 };
  let lengthMs = 0;
  for (const [, count, unit = ''] of rest.matchAll(/(\d+)(ms|[smh])?/g))
    lengthMs += Number(count) * (units[unit] ?? NaN);
  return sign === '-' ? -lengthMs : lengthMs;
}

function parseHistograms([, first = '', sign, second, count]: RegExpExecArray): ScriptValue[] {
  const start = parseHistogram(first);
  const step = second === undefined ? undefined : parseHistogram(second).histogram;
  let histogram = start.histogram;
  return repeat(Number(count ?? 0) + 1, (i) => {
    if (i > 0 && step !== undefined) {
      const next = sign === '-' ? subtractHistograms(histogram, step) : addHistograms(histogram, step);
      if (next === undefined) throw new Error('the step of a series of histograms has another kind of buckets');
      histogram = { ...next.histogram, resetHint: start.histogram.resetHint };
    }
    return { ...start, histogram };
  });
}

function parseHistogram(text: string): ScriptHistogram {
  const fields = new Map<string, string>();
  for (const [, name = '', list, value] of text.matchAll(/(\w+):\s*(?:\[([^\]]*)\]|([^\s[]+))/g))
    fields.set(name, list ?? value ?? '');
  const number = (name: string): number => parseNumber(fields.get(name) ?? '0');
  const schema = number('schema');
  const hint = fields.get('counter_reset_hint')?.replace('_', '-') as ResetHint | undefined;
  const histogram = createHistogram({
    schema,
    resetHint: hint ?? 'unknown',
    count: number('count'),
    sum: number('sum'),
    zeroThreshold: number('z_bucket_w'),
    zeroCount: number('z_bucket'),
    positive: bucketsFrom(fields.get('buckets'), number('offset')),
    negative: bucketsFrom(fields.get('n_buckets'), number('n_offset')),
    ...(schema === CUSTOM_SCHEMA ? { bounds: numbersOf(fields.get('custom_values')) } : {}),
  });
  return { histogram, hint };
}

function bucketsFrom(text: string | undefined, offset: number): Buckets {
  const counts = numbersOf(text);
  if (counts.length === 0) return NO_BUCKETS;
  return { indexes: Int32Array.from(counts, (_, i) => offset + i), counts: Float64Array.from(counts) };
}

function numbersOf(text = ''): number[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(parseNumber);
}

function repeat<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

export function parseNumber(text: string): number {
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/.exec(text) ?? [];
  const value = /^inf$/i.test(rest) ? Infinity : /^nan$/i.test(rest) ? NaN : Number(rest === '' ? 'x' : rest);
  if (Number.isNaN(value) && !/^nan$/i.test(rest)) throw new Error(`"${text}" is not a number`);
  return sign === '-' ? -value : value;
}
