/**
 * The values of one application at one revision, and what a change of them means for who listens. Pure.
 *
 * Invariants: a snapshot is immutable and of one revision. A key is a value or a path to others, never both.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigFeedEvent, ConfigValue } from './feed.ts';

export type ConfigSnapshot = {
  /** 0 before a server has said anything. */
  readonly revision: number;
  /** By dotted key; frozen, nested values too. */
  readonly values: Readonly<Record<string, ConfigValue>>;
};

export type ConfigStep = { readonly snapshot: ConfigSnapshot; readonly changedKeys: readonly string[] };

/** `defaults` under what the server says: nested objects are read as dotted paths. */
export function createSnapshot(defaults: Readonly<Record<string, ConfigValue>>): ConfigSnapshot {
  return { revision: 0, values: freeze(flatten(defaults)) };
}

/** What the next event makes of `before`. Keys that the server does not have fall back to `defaults`. */
export function applyEvent(before: ConfigSnapshot, event: ConfigFeedEvent, defaults: ConfigSnapshot): ConfigStep {
  const values = { ...(event.kind === 'snapshot' ? withoutCovered(defaults.values, event.values) : before.values) };
  const given =
    event.kind === 'snapshot' ? Object.entries(event.values).map(([key, value]) => ({ key, value })) : event.changes;
  for (const { key, value } of given) {
    const next = value === undefined ? defaults.values[key] : value;
    if (next === undefined) delete values[key];
    else values[key] = next;
  }
  const keys = new Set([...Object.keys(before.values), ...Object.keys(values)]);
  const changedKeys = [...keys].filter((key) => !isDeepStrictEqual(before.values[key], values[key])).sort();
  return { snapshot: { revision: event.revision, values: freeze(values) }, changedKeys };
}

/** The value at `path`: a leaf, or the object that the keys below it make. The empty path is everything. */
export function readPath({ values }: ConfigSnapshot, path: string): ConfigValue | undefined {
  if (Object.hasOwn(values, path)) return values[path];
  const prefix = path === '' ? '' : `${path}.`;
  const below = Object.keys(values).filter((key) => key.startsWith(prefix));
  if (below.length === 0 && path !== '') return undefined;
  const object: MutableObject = Object.create(null) as MutableObject;
  for (const key of below) setIn(object, key.slice(prefix.length).split('.'), values[key] ?? null);
  return freeze(object);
}

/** Whether a change of `key` is a change of what is at or below `path`. */
export function concerns(path: string, key: string): boolean {
  return path === '' || key === path || key.startsWith(`${path}.`);
}

type MutableObject = { [key: string]: ConfigValue };

function flatten(values: Readonly<Record<string, ConfigValue>>, prefix = '', flat: MutableObject = {}): MutableObject {
  for (const [name, value] of Object.entries(values)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject) flatten(value as Readonly<Record<string, ConfigValue>>, `${prefix}${name}.`, flat);
    else flat[prefix + name] = value;
  }
  return flat;
}

/** Defaults that the server's keys do not contradict: a default `mail` gives way to `mail.host`, and the other way round. */
function withoutCovered(
  defaults: Readonly<Record<string, ConfigValue>>,
  given: Readonly<Record<string, ConfigValue>>,
): MutableObject {
  const keys = Object.keys(given);
  const isCovered = (key: string): boolean =>
    keys.some((other) => other.startsWith(`${key}.`) || key.startsWith(`${other}.`));
  return Object.fromEntries(Object.entries(defaults).filter(([key]) => !isCovered(key)));
}

function setIn(object: MutableObject, [name = '', ...rest]: readonly string[], value: ConfigValue): void {
  if (rest.length === 0) {
    object[name] = value;
    return;
  }
  const inner = (object[name] ?? Object.create(null)) as MutableObject;
  object[name] = inner;
  setIn(inner, rest, value);
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}
