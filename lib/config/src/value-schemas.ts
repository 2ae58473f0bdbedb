/** Schemas for what configuration often holds. Their words say what a value must be, and never what it is: it may be a secret. */
import { parseDuration, parseSize } from '@plumb/base';
import * as v from 'valibot';

type Schema<T> = v.GenericSchema<unknown, T>;

/** Milliseconds of text such as `500ms`, `10s` or `1h30m`. A bare number is refused: of what is not known. */
export function duration(): Schema<number> {
  return parsed('a length of time with its unit, like 500ms, 10s or 1h30m', (value) =>
    typeof value === 'string' ? parseDuration(value) : undefined,
  );
}

/** Bytes of a Kubernetes quantity such as `128Mi`, `1.5Gi` or `500M`, or of a whole number. */
export function size(): Schema<number> {
  return parsed('a size in bytes, like 128Mi, 1.5Gi or 4096', (value) => {
    if (typeof value === 'string') return parseSize(value);
    return isWhole(value) && value >= 0 ? value : undefined;
  });
}

/** A whole number within bounds, both included. */
export function integer({ min, max }: { readonly min?: number; readonly max?: number } = {}): Schema<number> {
  const bounds = [min === undefined ? '' : ` from ${min}`, max === undefined ? '' : ` to ${max}`].join('');
  return parsed(`a whole number${bounds}`, (value) =>
    isWhole(value) && value >= (min ?? -Infinity) && value <= (max ?? Infinity) ? value : undefined,
  );
}

/** A port that something listens on. */
export function port(): Schema<number> {
  return integer({ min: 1, max: 65_535 });
}

/** An absolute address as `URL` writes it, of one of `protocols` (as `https`) where they are named. */
export function url({ protocols }: { readonly protocols?: readonly string[] } = {}): Schema<string> {
  const rule = protocols === undefined ? 'an absolute URL' : `an absolute URL of ${protocols.join(' or ')}`;
  return parsed(rule, (value) => {
    if (typeof value !== 'string') return undefined;
    const { protocol, href } = new URL(value);
    return protocols === undefined || protocols.includes(protocol.slice(0, -1)) ? href : undefined;
  });
}

/** One of `words`, whose type is kept. */
export function oneOf<const W extends string>(...words: readonly W[]): Schema<W> {
  return parsed(`one of ${words.join(', ')}`, (value) => words.find((word) => word === value));
}

/** What `parse` makes of a value; where it gives undefined or throws, the value must be `rule`. */
function parsed<T>(rule: string, parse: (value: unknown) => T | undefined): Schema<T> {
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = tryParse(parse, dataset.value);
      if (value !== undefined) return value;
      addIssue({ message: `it must be ${rule}` });
      return NEVER;
    }),
  );
}

function tryParse<T>(parse: (value: unknown) => T | undefined, value: unknown): T | undefined {
  try {
    return parse(value);
  } catch {
    return undefined;
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
