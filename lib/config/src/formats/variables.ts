/**
 * Variables as values: `MAIL__SMTP_HOST` is the path `mail.smtpHost`. Names from `0` on without a gap make a list, unless
 * the name that they are below ends in `#map`, which is taken away (C5Store's rules). A text that is a number or a truth
 * value is one, unless it was quoted.
 */
import { escapeName } from '../config-path.ts';
import { define } from '../config-values.ts';
import type { ConfigValue } from '../feed.ts';

export type NameCase = 'camel' | 'snake' | 'kebab' | 'lower';

export type VariableOptions = {
  /** What names begin with to count, such as `TIPJAR_`; it is taken away. All count without one. */
  readonly prefix?: string | undefined;
  /** Parts the names of a path. */
  readonly separator?: string | undefined;
  /** What `SMTP_HOST` is: `smtpHost` (camel, the default), `smtp_host` (snake), `smtp-host` (kebab); `lower` only lowers letters. */
  readonly nameCase?: NameCase | undefined;
};

export type Variable = { readonly name: string; readonly text: string; readonly isQuoted?: boolean };

/** A leaf, and the variable (of several, the first) that it is of. */
export type VariableValue<V extends Variable> = { readonly value: ConfigValue; readonly variable: V };
export type VariableFault<V extends Variable> = { readonly variable: V; readonly reason: string };

type Branch<V extends Variable> = { readonly children: Map<string, Twig<V>>; readonly first: V };
type Twig<V extends Variable> = Branch<V> | VariableValue<V>;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const MAP_MARK = '#map';
export const SEPARATOR = '__';

export function readVariables<V extends Variable>(
  variables: Iterable<V>,
  { prefix = '', separator = SEPARATOR, nameCase = 'camel' }: VariableOptions,
): { readonly values: ReadonlyMap<string, VariableValue<V>>; readonly faults: readonly VariableFault<V>[] } {
  const faults: VariableFault<V>[] = [];
  const root = new Map<string, Twig<V>>();
  const convert = createConverter(nameCase);
  for (const variable of variables) {
    if (!variable.name.startsWith(prefix)) continue;
    const names = variable.name.slice(prefix.length).split(separator).map(convert);
    const reason = names.includes('')
      ? 'has an empty name in it: write one between the separators'
      : place(root, names, variable);
    if (reason !== undefined) faults.push({ variable, reason: `${variable.name} ${reason}` });
  }
  const values = new Map<string, VariableValue<V>>();
  const collect = (children: ReadonlyMap<string, Twig<V>>, above: string): void => {
    children.forEach((twig, name) => {
      const path = above + escapeName(withoutMark(name));
      const list = 'value' in twig ? undefined : listOf(name, twig);
      if ('value' in twig) values.set(path, twig);
      else if (list === undefined) collect(twig.children, `${path}.`);
      else values.set(path, { value: list, variable: twig.first });
    });
  };
  collect(root, '');
  return { values, faults };
}

/** The value of a text, as C5Store reads it: a truth value, a number, or the text. */
export function parseVariable(text: string): ConfigValue {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : text;
}

/** Puts the variable in the tree, or says why it cannot stand beside another. */
function place<V extends Variable>(
  root: Map<string, Twig<V>>,
  names: readonly string[],
  variable: V,
): string | undefined {
  let children = root;
  for (const name of names.slice(0, -1)) {
    const twig = children.get(name) ?? { children: new Map<string, Twig<V>>(), first: variable };
    if ('value' in twig) return `goes through ${twig.variable.name}, which is a value: take one of the two away`;
    children.set(name, twig);
    children = twig.children;
  }
  const last = names.at(-1) ?? '';
  const taken = children.get(last);
  if (taken !== undefined) {
    const other = 'value' in taken ? taken.variable.name : taken.first.name;
    const how = 'value' in taken ? 'has the same path as' : 'is a value, but there is';
    return `${how} ${other}: take one of the two away`;
  }
  const value = variable.isQuoted === true ? variable.text : parseVariable(variable.text);
  children.set(last, { value, variable });
  return undefined;
}

/** The list that the names below make, if they do. */
function listOf<V extends Variable>(name: string, { children }: Branch<V>): ConfigValue[] | undefined {
  if (!children.has('0') || name.endsWith(MAP_MARK)) return undefined;
  const names = Array.from(children.keys(), (_, i) => String(i));
  if (!names.every((one) => children.has(one))) return undefined;
  return names.map((one) => valueOfTwig(one, children.get(one)));
}

function valueOfTwig<V extends Variable>(name: string, twig: Twig<V> | undefined): ConfigValue {
  if (twig === undefined) return null;
  if ('value' in twig) return twig.value;
  const list = listOf(name, twig);
  if (list !== undefined) return list;
  const object: { [key: string]: ConfigValue } = {};
  for (const [inner, one] of twig.children) define(object, withoutMark(inner), valueOfTwig(inner, one));
  return object;
}

function withoutMark(name: string): string {
  return name.endsWith(MAP_MARK) ? name.slice(0, -MAP_MARK.length) : name;
}

/** Names come again: each is converted once. */
function createConverter(nameCase: NameCase): (name: string) => string {
  const converted = new Map<string, string>();
  return (name) => {
    let known = converted.get(name);
    if (known === undefined) converted.set(name, (known = convertName(name, nameCase)));
    return known;
  };
}

function convertName(name: string, nameCase: NameCase): string {
  const [, bare = name, mark = ''] = /^(.*?)(#map)?$/s.exec(name) ?? [];
  if (nameCase === 'lower') return bare.toLowerCase() + mark;
  const words = bare
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[_-]+/)
    .filter((word) => word !== '');
  if (nameCase === 'snake') return words.join('_') + mark;
  if (nameCase === 'kebab') return words.join('-') + mark;
  return words.map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('') + mark;
}
