/**
 * Says where in a value something lies that has no plain form, and what it is. It is slow and thorough, and only runs
 * when writing or copying a value has failed.
 */
import { OperatingError } from '@plumb/base';
import { ERROR_CAUSES_MAX, errorFields } from './error-fields.ts';
import { BIGINT_MAX, PLAIN_DEPTH_MAX } from './plain-limits.ts';

/** What carries the values. JSON carries less than the others. */
export type PlainFormat = 'CBOR' | 'JSON' | 'RPC';

/** A field, a position, or another way down that is written as it is. */
type Step = string | number | { readonly text: string };
type Fault = { readonly path: readonly Step[]; readonly what: string };
type Visit = {
  readonly format: PlainFormat;
  readonly path: readonly Step[];
  /** The objects on the way here, and how they were reached. */
  readonly above: Map<object, readonly Step[]>;
  /** Objects without a fault, so that what is shared is looked at once. */
  readonly sound: Set<object>;
  readonly causes: number;
};

const ADVICE: Readonly<Record<PlainFormat, string>> = {
  CBOR: 'use plain data',
  RPC: 'use plain data',
  JSON: 'use text, finite numbers, lists and plain objects',
};

/** `invalid`, with the path in its message and in `details.path`: `input.onDone: CBOR cannot carry a function: …`. */
export function unfitError(value: unknown, format: PlainFormat): OperatingError {
  const fault = findFault(value, { format, path: [], above: new Map(), sound: new Set(), causes: 0 });
  const { path, what } = fault ?? { path: [], what: `${format} cannot carry the value: ${ADVICE[format]}` };
  const where = formatPath(path);
  return new OperatingError('invalid', where === '' ? what : `${where}${what.startsWith(' ') ? '' : ': '}${what}`, {
    details: { path: where },
  });
}

function findFault(value: unknown, visit: Visit): Fault | undefined {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      return cannotCarry(`a ${typeof value}`, visit);
    case 'bigint':
      if (visit.format === 'JSON') return cannotCarry('a bigint', visit);
      return isTooGreat(value) ? cannotCarry('so great a bigint', visit) : undefined;
    case 'number':
      return visit.format === 'JSON' && !Number.isFinite(value) ? cannotCarry(String(value), visit) : undefined;
    case 'object':
      return value === null ? undefined : findBelow(value, visit);
    case 'undefined':
    case 'string':
    case 'boolean':
      return undefined;
  }
}

function findBelow(value: object, visit: Visit): Fault | undefined {
  const { path, above, sound, format } = visit;
  const seen = above.get(value);
  if (seen !== undefined) {
    const target = formatPath(seen) || 'the whole value';
    return { path, what: ` refers back to ${target}: ${format} cannot carry a cycle` };
  }
  if (sound.has(value)) return undefined;
  if (path.length >= PLAIN_DEPTH_MAX) {
    return cannotCarry(`values nested more than ${PLAIN_DEPTH_MAX} deep`, visit);
  }
  const kind = refusedKind(value, format);
  if (kind !== undefined) return cannotCarry(kind, visit);
  above.set(value, path);
  for (const [step, child, causes = 0] of childrenOf(value, visit)) {
    const fault = findFault(child, { ...visit, path: [...path, ...step], causes });
    if (fault !== undefined) return fault;
  }
  above.delete(value);
  sound.add(value);
  return undefined;
}

/** The name of what `value` is where no format, or not this one, carries it; undefined where its parts decide. */
function refusedKind(value: object, format: PlainFormat): string | undefined {
  if (Symbol.asyncIterator in value) return 'an async iterable';
  const isJson = format === 'JSON';
  if (Array.isArray(value)) return isJson && hasUndefined(value) ? 'a list with undefined in it' : undefined;
  if (isPlainObject(value)) return undefined;
  const isKnown =
    value instanceof Date ||
    value instanceof Map ||
    value instanceof Set ||
    value instanceof Error ||
    value instanceof ArrayBuffer ||
    (ArrayBuffer.isView(value) && !(value instanceof DataView));
  if (isKnown && !isJson) return undefined;
  return withArticle(className(value));
}

type Child = readonly [step: readonly Step[], child: unknown, causes?: number];

function childrenOf(value: object, { causes }: Visit): readonly Child[] {
  if (ArrayBuffer.isView(value)) return [];
  if (Array.isArray(value)) return Array.from(value, (item: unknown, i): Child => [[i], item]);
  if (value instanceof Map) {
    return [...value].flatMap(([key, item]: [unknown, unknown], i): Child[] => [
      [[{ text: `.keys()[${i}]` }], key],
      [[{ text: typeof key === 'object' ? `.values()[${i}]` : `.get(${formatKey(key)})` }], item],
    ]);
  }
  if (value instanceof Set) {
    return Array.from(value, (item: unknown, i): Child => [[{ text: `.values()[${i}]` }], item]);
  }
  if (value instanceof Error) {
    const { details, cause } = errorFields(value);
    // As deep as it is written: in a map of the error's own, within the error.
    const own = { text: '' };
    return [
      [[own, 'details'], details],
      [[own, 'cause'], causes < ERROR_CAUSES_MAX ? cause : undefined, causes + 1],
    ];
  }
  if (!isPlainObject(value)) return [];
  return Object.entries(value).map(([key, item]): Child => [[key], item]);
}

/** Made by a literal, by `Object.create(null)`, or by either in another realm. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

export function isTooGreat(value: bigint): boolean {
  return value > BIGINT_MAX || value < -1n - BIGINT_MAX;
}

function hasUndefined(list: readonly unknown[]): boolean {
  return list.includes(undefined);
}

function cannotCarry(what: string, { format, path }: Visit): Fault {
  return { path, what: `${format} cannot carry ${what}: ${ADVICE[format]}` };
}

function className(value: object): string {
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'instance of a class';
}

function withArticle(name: string): string {
  return /^[aeio]/i.test(name) ? `an ${name}` : `a ${name}`;
}

function formatKey(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : String(key);
}

function formatPath(path: readonly Step[]): string {
  return path.map((step, i) => formatStep(step, i === 0)).join('');
}

function formatStep(step: Step, isFirst: boolean): string {
  if (typeof step === 'object') return step.text;
  if (typeof step === 'number') return `[${step}]`;
  if (!/^[A-Za-z_$][\w$]*$/.test(step)) return `[${JSON.stringify(step)}]`;
  return isFirst ? step : `.${step}`;
}
