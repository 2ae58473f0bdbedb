import { nearestWord, OperatingError } from '@plumb/base';
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

/** `current` is asked at each read, so the same reader serves what changes and what does not. */
export function createReader(current: () => ConfigVersion, prefix: string): ConfigReader {
  const get = (path = ''): ConfigValue | undefined => current().get(joinPath(prefix, path));
  return {
    get revision() {
      return current().revision;
    },
    get,
    exists: (path) => get(path) !== undefined,
    require(path) {
      const value = get(path);
      if (value !== undefined) return value;
      throw missing(joinPath(prefix, path), current());
    },
    read(path, schema) {
      const outcome = v.safeParse(schema, get(path));
      if (outcome.success) return outcome.output;
      const where = joinPath(prefix, path);
      const [first] = schemaFaults(outcome.issues, where, current());
      throw new OperatingError('invalid', `the configuration ${first?.message}`, {
        details: { path: first?.path ?? where },
      });
    },
    originOf: (path) => current().originOf(joinPath(prefix, path)),
  };
}

export function createSnapshot(version: ConfigVersion, prefix = ''): ConfigSnapshot {
  const reader = createReader(() => version, prefix);
  return Object.freeze({
    ...reader,
    get values() {
      const own = [...version.leaves(prefix)].sort(([a], [b]) => (a < b ? -1 : 1));
      return Object.freeze(Object.fromEntries(own.map(([path, { said }]) => [path, said.value])));
    },
    branch: (path: string) => createSnapshot(version, joinPath(prefix, path)),
  });
}

export type SchemaFault = { readonly path: string; readonly message: string };

/** What a schema says of the value at `path`. It may be a secret: a fault says what it should be, not what it is. */
export function schemaFaults(
  issues: readonly v.BaseIssue<unknown>[],
  path: string,
  version: ConfigVersion,
): SchemaFault[] {
  return issues.map((issue) => {
    const names = (issue.path ?? []).map(({ key }) => String(key));
    const where = joinPath(path, joinNames(names));
    const ownWords = issue.message.includes(issue.received) ? undefined : issue.message;
    const reason = ownWords ?? `it must be ${issue.expected ?? 'something else'}`;
    const origin = [where, ...ancestorsOf(where).reverse()].map((one) => version.originOf(one)).find(Boolean);
    const place = origin === undefined ? '' : ` (${formatOrigin(origin)})`;
    return { path: where, message: `"${where}" cannot be used: ${reason}${place}` };
  });
}

function missing(path: string, version: ConfigVersion): OperatingError {
  const known = [...version.leaves('')].map(([one]) => one).filter((one) => Math.abs(one.length - path.length) <= 3);
  const nearest = nearestWord(path, known);
  const hint = nearest === undefined ? 'set it, or give it a default' : `did you mean "${nearest}"?`;
  return new OperatingError('not-found', `the configuration has no "${path}": ${hint}`, { details: { path } });
}
