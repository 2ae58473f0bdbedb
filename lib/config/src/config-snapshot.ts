import { nearestWord, OperatingError } from '@plumb/base';
import { Secret } from '@plumb/vault';
import * as v from 'valibot';
import { ancestorsOf, joinNames, joinPath } from './config-path.ts';
import { formatOrigin, type Origin } from './config-source.ts';
import type { ConfigObject } from './config-values.ts';
import type { ConfigVersion } from './config-version.ts';
import type { ConfigValue } from './feed.ts';

/** Reads values. A path is dotted; the empty path, which may be left out, is everything. All values are frozen. */
export type ConfigReader = {
  /** The store's counter at the last change; 0 before a server has said anything. */
  readonly revision: number;
  /** The value, or the object that the paths below it make; undefined where there is none. */
  readonly get: (path?: string) => ConfigValue | undefined;
  /** @throws OperatingError `not-found`, with the nearest name. */
  readonly require: (path: string) => ConfigValue;
  /**
   * The value as `schema` makes it; an absent one is `undefined` to it.
   * @throws OperatingError `invalid` with the reason and where the value comes from.
   */
  readonly read: <S extends v.GenericSchema>(path: string, schema: S) => v.InferOutput<S>;
  /**
   * The value as a secret, whether it was sealed or not: what is sealed is opened at the first `reveal`, and is then what
   * `schema` makes of it. What `get` gives of a sealed value is this `Secret` too, which prints as `[secret]`.
   * @throws OperatingError `not-found`, with the nearest name; `denied` for a secret that is not for this reader.
   */
  readonly secret: <S extends v.GenericSchema = v.GenericSchema<ConfigValue>>(
    path: string,
    schema?: S,
  ) => Secret<v.InferOutput<S>>;
  /** `0`, `false`, `''` and `null` are values. */
  readonly exists: (path: string) => boolean;
  /** Where the value comes from; undefined where there is none, or where several make an object. */
  readonly originOf: (path: string) => Origin | undefined;
};

/** All values of one revision: it never changes. */
export type ConfigSnapshot = ConfigReader & {
  /** Every value in force by its dotted path, sorted. Lists are one value. Costs what there is. */
  readonly values: ConfigObject;
  readonly branch: (path: string) => ConfigSnapshot;
};

/** What is to happen at reads. */
export type ReadHooks = {
  /** Told of every path that is read, from the root. */
  readonly onRead: (path: string) => void;
  /** @throws OperatingError `denied` for a secret that was not sent to this reader. */
  readonly checkSecret: (path: string, secret: Secret<ConfigValue>) => void;
};

const NO_HOOKS: ReadHooks = { onRead: () => undefined, checkSecret: () => undefined };

/** `current` is asked at each read, so the same reader serves what changes and what does not. */
export function createReader(
  current: () => ConfigVersion,
  prefix: string,
  { onRead, checkSecret }: ReadHooks = NO_HOOKS,
): ConfigReader {
  const pathOf = createJoiner(prefix);
  const get = (path = ''): ConfigValue | undefined => {
    const at = pathOf(path);
    onRead(at);
    return current().get(at);
  };
  const require = (path: string): ConfigValue => {
    const value = get(path);
    if (value !== undefined) return value;
    throw missing(joinPath(prefix, path), current());
  };
  const parse = <S extends v.GenericSchema>(path: string, schema: S, value: unknown): v.InferOutput<S> => {
    const outcome = v.safeParse(schema, value);
    if (outcome.success) return outcome.output;
    const where = joinPath(prefix, path);
    const [first] = schemaFaults(outcome.issues, where, current());
    throw new OperatingError('invalid', `the configuration ${first?.message}`, {
      details: { path: first?.path ?? where },
    });
  };
  return {
    get revision() {
      return current().revision;
    },
    get,
    exists: (path) => get(path) !== undefined,
    require,
    secret<S extends v.GenericSchema>(path: string, schema?: S): Secret<v.InferOutput<S>> {
      const value: unknown = require(path);
      const secret = value instanceof Secret ? (value as Secret<ConfigValue>) : Secret.of(value as ConfigValue);
      checkSecret(joinPath(prefix, path), secret);
      return schema === undefined ? secret : secret.map((opened) => parse(path, schema, opened));
    },
    read: (path, schema) => parse(path, schema, get(path)),
    originOf: (path) => current().originOf(joinPath(prefix, path)),
  };
}

/** Paths that one branch keeps: a program reads the same few again and again. */
const JOINED_PATHS_MAX = 1_024;

/** Joins with `prefix`. A joined text is hashed anew at each lookup, which takes longer than to look for the one before. */
function createJoiner(prefix: string): (path: string) => string {
  if (prefix === '') return (path) => path;
  const joined = new Map<string, string>();
  return (path) => {
    let whole = joined.get(path);
    if (whole !== undefined) return whole;
    if (joined.size >= JOINED_PATHS_MAX) joined.clear();
    joined.set(path, (whole = joinPath(prefix, path)));
    return whole;
  };
}

export function createSnapshot(version: ConfigVersion, prefix = '', hooks?: ReadHooks): ConfigSnapshot {
  const reader = createReader(() => version, prefix, hooks);
  return Object.freeze({
    ...reader,
    get values() {
      const own = [...version.leaves(prefix)].sort(([a], [b]) => (a < b ? -1 : 1));
      return Object.freeze(Object.fromEntries(own.map(([path, { said }]) => [path, said.value])));
    },
    branch: (path: string) => createSnapshot(version, joinPath(prefix, path), hooks),
  });
}

export type SchemaFault = { readonly path: string; readonly message: string };

/** What a schema says of the value at `path`. It may be a secret: a fault says what it should be, not what it is. */
export function schemaFaults(
  issues: readonly v.BaseIssue<unknown>[],
  path: string,
  version: Pick<ConfigVersion, 'originOf'>,
): SchemaFault[] {
  return issues.map((issue) => {
    const names = (issue.path ?? []).map(({ key }) => String(key));
    const where = joinPath(path, joinNames(names));
    const ownWords = isTelling(issue) ? undefined : issue.message;
    const reason = ownWords ?? `it must be ${issue.expected ?? 'something else'}`;
    const origin = [where, ...ancestorsOf(where).reverse()].map((one) => version.originOf(one)).find(Boolean);
    const place = origin === undefined ? '' : ` (${formatOrigin(origin)})`;
    return { path: where, message: `"${where}" cannot be used: ${reason}${place}` };
  });
}

/** The schema's own words have the value in them, as valibot's do where nobody wrote others. */
function isTelling({ message, received, input }: v.BaseIssue<unknown>): boolean {
  return message.endsWith(`received ${received}`) || (typeof input === 'string' && message.includes(received));
}

function missing(path: string, version: ConfigVersion): OperatingError {
  const known = [...version.leaves('')].map(([one]) => one).filter((one) => Math.abs(one.length - path.length) <= 3);
  const nearest = nearestWord(path, known);
  const hint = nearest === undefined ? 'set it, or give it a default' : `did you mean "${nearest}"?`;
  return new OperatingError('not-found', `the configuration has no "${path}": ${hint}`, { details: { path } });
}
