/**
 * Values by dotted path, and the tree that they make. Pure.
 *
 * Invariant: a path is a value or the way to others, never both. Where two sources disagree about which, the server wins
 * over the defaults, and within one source the longer path over the shorter.
 */
import type { ConfigFeedEvent, ConfigValue } from './feed.ts';

export type ConfigObject = { readonly [key: string]: ConfigValue };
export type FlatValues = ReadonlyMap<string, ConfigValue>;

/** What the server says, by its own keys, after one more event. */
export function applyEvent(given: FlatValues, event: ConfigFeedEvent): FlatValues {
  if (event.kind === 'snapshot') return new Map(Object.entries(event.values));
  const next = new Map(given);
  for (const { key, value } of event.changes) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  return next;
}

/** The values in force: those that are given, and the defaults that do not contradict them. Sorted by path. */
export function mergeValues(defaults: FlatValues, given: FlatValues): FlatValues {
  const flat = flatten(given);
  const merged = new Map(flat);
  const branches = branchesOf(flat.keys());
  for (const [path, value] of flatten(defaults)) {
    const isContradicted = branches.has(path) || ancestorsOf(path).some((ancestor) => flat.has(ancestor));
    if (!isContradicted && !merged.has(path)) merged.set(path, value);
  }
  const [sorted, ways] = [[...merged].sort(([a], [b]) => (a < b ? -1 : 1)), branchesOf(merged.keys())];
  return new Map(sorted.filter(([path]) => !ways.has(path)));
}

/** The frozen object that the paths of `flat` make. */
export function treeOf(flat: FlatValues): ConfigObject {
  const root: MutableObject = {};
  for (const [path, value] of flat) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let object = root;
    for (const name of names) object = (ownOf(object, name) as MutableObject | undefined) ?? define(object, name, {});
    define(object, last, freezeDeep(value));
  }
  return freezeDeep(root);
}

/** What is at `path` in the tree; the empty path is all of it. */
export function readPath(tree: ConfigObject, path: string): ConfigValue | undefined {
  if (path === '') return tree;
  let value: ConfigValue | undefined = tree;
  for (const name of path.split('.')) {
    if (value === undefined || !isObject(value)) return undefined;
    value = ownOf(value, name);
  }
  return value;
}

export function joinPath(prefix: string, path: string): string {
  return prefix === '' || path === '' ? prefix + path : `${prefix}.${path}`;
}

export function isAtOrUnder(path: string, ancestor: string): boolean {
  return ancestor === '' || path === ancestor || path.startsWith(`${ancestor}.`);
}

/** Nested objects as dotted paths; lists and empty objects are values. */
function flatten(values: Iterable<readonly [string, ConfigValue]>): Map<string, ConfigValue> {
  const flat = new Map<string, ConfigValue>();
  const visit = (path: string, value: ConfigValue | undefined): void => {
    if (value === undefined) return;
    const entries = isObject(value) ? Object.entries(value) : [];
    if (entries.length === 0) flat.set(path, value);
    for (const [name, inner] of entries) visit(joinPath(path, name), inner);
  };
  for (const [path, value] of values) visit(path, value);
  return flat;
}

function branchesOf(paths: Iterable<string>): Set<string> {
  return new Set([...paths].flatMap(ancestorsOf));
}

/** `a` and `a.b` for `a.b.c`. */
function ancestorsOf(path: string): string[] {
  const names = path.split('.');
  return names.slice(1).map((_, i) => names.slice(0, i + 1).join('.'));
}

type MutableObject = { [key: string]: ConfigValue };

/** As a property of its own, whatever its name: `__proto__` and `constructor` are names like others. */
function define<T extends ConfigValue>(object: MutableObject, name: string, value: T): T {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  return value;
}

function ownOf(object: ConfigObject, name: string): ConfigValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: ConfigValue): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) freezeDeep(inner);
  return Object.freeze(value);
}
