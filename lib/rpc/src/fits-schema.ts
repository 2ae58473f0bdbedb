/**
 * Tells of most values that a schema takes them as they are, several times faster than parsing them does: parsing makes a
 * copy of every object, a record for every field of it, and is most of what a small call costs. Only a yes says anything:
 * `safeParse` would succeed then, with an equal value. A no means that it must be asked: the value may be wrong, or have
 * to be changed (fields left out, defaults put in), or the schema may be of a kind that is not known here.
 */
import type { GenericSchema } from 'valibot';
import { takesAll } from './unchecked.ts';

export type Fits = (value: unknown) => boolean;

/** What is looked at of a schema or of an action in its pipe. */
type Node = {
  readonly kind: 'schema' | 'validation' | 'transformation' | 'metadata';
  readonly type: string;
  readonly async?: boolean;
  readonly pipe?: readonly Node[];
  readonly fallback?: unknown;
  readonly default?: unknown;
  readonly wrapped?: Node;
  readonly item?: Node;
  readonly key?: Node | string;
  readonly value?: Node;
  readonly literal?: unknown;
  readonly class?: new () => unknown;
  readonly options?: readonly unknown[];
  readonly entries?: Readonly<Record<string, Node>>;
  readonly '~run': (dataset: Dataset, config: object) => { readonly issues?: readonly unknown[] | undefined };
};
type Dataset = { typed: boolean; value: unknown; issues?: undefined };

/** `isExact`: a no means that the schema refuses the value. */
type Check = { readonly fits: Fits; readonly isExact: boolean };

const NEVER: Fits = () => false;
const CONFIG = {};

/** Looks at the schema once. Never throws for a schema, whatever it is. */
export function fitsSchema(schema: GenericSchema): Fits {
  return checkOf(schema as unknown as Node)?.fits ?? NEVER;
}

/** Undefined where the schema, or one within it, is not known here. */
function checkOf(schema: Node): Check | undefined {
  if (takesAll(schema)) return exact(() => true);
  if (schema.kind !== 'schema' || schema.async === true || 'fallback' in schema) return undefined;
  if (schema.pipe !== undefined) return pipeCheck(schema.pipe);
  switch (schema.type) {
    case 'any':
    case 'unknown':
      return exact(() => true);
    case 'string':
    case 'boolean':
    case 'bigint':
    case 'undefined':
      return exact((value) => typeof value === schema.type);
    case 'number':
      return exact((value) => typeof value === 'number' && !Number.isNaN(value));
    case 'null':
      return exact((value) => value === null);
    case 'date':
      return exact((value) => value instanceof Date && !Number.isNaN(value.getTime()));
    case 'literal':
      return exact((value) => value === schema.literal);
    case 'picklist':
    case 'enum':
      return oneOf(schema.options ?? []);
    case 'instance':
      return instanceCheck(schema.class);
    case 'optional':
    case 'nullable':
    case 'nullish':
    case 'exact_optional':
      return optionalCheck(schema);
    case 'array':
      return arrayCheck(schema);
    case 'record':
      return recordCheck(schema);
    case 'object':
    case 'strict_object':
      return objectCheck(schema);
    case 'union':
      return unionCheck(schema);
    case 'variant':
      return variantCheck(schema);
    default:
      return undefined;
  }
}

/** The actions of valibot's own tell by themselves whether they agree; those that change a value are not known here. */
function pipeCheck([first, ...actions]: readonly Node[]): Check | undefined {
  const base = first === undefined ? undefined : checkOf(first);
  if (base === undefined) return undefined;
  const checks: Fits[] = [];
  for (const action of actions) {
    if (action.kind === 'metadata') continue;
    if (action.kind !== 'validation' || action.async === true) return undefined;
    checks.push((value) => action['~run']({ typed: true, value }, CONFIG).issues === undefined);
  }
  return { fits: (value) => base.fits(value) && checks.every((fits) => fits(value)), isExact: base.isExact };
}

function oneOf(options: readonly unknown[]): Check {
  const known = new Set(options);
  return exact((value) => known.has(value));
}

function instanceCheck(type: Node['class']): Check | undefined {
  return type === undefined ? undefined : exact((value) => value instanceof type);
}

/** Where nothing is there a default would be put in. */
function optionalCheck({ type, wrapped, default: inPlace }: Node): Check | undefined {
  const inner = wrapped === undefined ? undefined : checkOf(wrapped);
  if (inner === undefined || type === 'exact_optional') return inner;
  const takesUndefined = type !== 'nullable';
  const takesNull = type !== 'optional';
  const fits: Fits = (value) => {
    if ((value === undefined && takesUndefined) || (value === null && takesNull)) return inPlace === undefined;
    return inner.fits(value);
  };
  return { fits, isExact: inner.isExact && inPlace === undefined };
}

function arrayCheck({ item }: Node): Check | undefined {
  const inner = item === undefined ? undefined : checkOf(item);
  if (inner === undefined) return undefined;
  const fits: Fits = (value) => {
    if (!Array.isArray(value)) return false;
    for (let i = 0; i < value.length; i += 1) if (!inner.fits(value[i])) return false;
    return true;
  };
  return { fits, isExact: inner.isExact };
}

function recordCheck({ key, value: item }: Node): Check | undefined {
  const keyCheck = typeof key === 'object' ? checkOf(key) : undefined;
  const itemCheck = item === undefined ? undefined : checkOf(item);
  if (keyCheck === undefined || itemCheck === undefined) return undefined;
  const fits: Fits = (value) => {
    if (!isPlain(value)) return false;
    for (const name in value) {
      if (name in Object.prototype || name === 'prototype') return false;
      if (!keyCheck.fits(name) || !itemCheck.fits(value[name])) return false;
    }
    return true;
  };
  return { fits, isExact: false };
}

/** A field more than the schema has is left out by the one kind of object and refused by the other: a no for both. */
function objectCheck({ entries = {} }: Node): Check | undefined {
  const names = Object.keys(entries);
  const checks: Fits[] = [];
  const mayLack: boolean[] = [];
  for (const name of names) {
    const entry = entries[name];
    const check = entry === undefined || name in Object.prototype ? undefined : checkOf(entry);
    if (entry === undefined || check === undefined) return undefined;
    checks.push(check.fits);
    mayLack.push(['optional', 'exact_optional', 'nullish'].includes(entry.type) && entry.default === undefined);
  }
  const fits: Fits = (value) => {
    if (!isPlain(value)) return false;
    let knownCount = 0;
    for (let i = 0; i < names.length; i += 1) {
      const name = names[i] as string;
      const item = value[name];
      if (item === undefined && !Object.hasOwn(value, name)) {
        if (mayLack[i] === false) return false;
      } else if ((checks[i] as Fits)(item)) knownCount += 1;
      else return false;
    }
    for (const _name in value) knownCount -= 1;
    return knownCount === 0;
  };
  return { fits, isExact: false };
}

/** The first option that takes a value decides. One that is passed over must be known to refuse it. */
function unionCheck({ options = [] }: Node): Check | undefined {
  const checks: Check[] = [];
  for (const option of options) {
    const check = checkOf(option as Node);
    if (check === undefined) return undefined;
    checks.push(check);
  }
  const fits: Fits = (value) => {
    for (const check of checks) {
      if (check.fits(value)) return true;
      if (!check.isExact) return false;
    }
    return false;
  };
  return { fits, isExact: checks.every((check) => check.isExact) };
}

/** Of the options each has a literal of its own, so at most one can take a value. */
function variantCheck({ key, options = [] }: Node): Check | undefined {
  const byLiteral = new Map<unknown, Fits>();
  for (const option of options as readonly Node[]) {
    const mark = typeof key === 'string' ? option.entries?.[key] : undefined;
    const check = checkOf(option);
    if (mark?.type !== 'literal' || mark.pipe !== undefined) return undefined;
    if (check === undefined || byLiteral.has(mark.literal)) return undefined;
    byLiteral.set(mark.literal, check.fits);
  }
  const fits: Fits = (value) => isPlain(value) && (byLiteral.get(value[key as string])?.(value) ?? false);
  return { fits, isExact: false };
}

function exact(fits: Fits): Check {
  return { fits, isExact: true };
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
