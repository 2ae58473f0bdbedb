import { nearestWord, OperatingError } from '@plumb/base';
import * as v from 'valibot';
import { type ConfigObject, type FlatValues, joinPath, readPath, treeOf } from './config-values.ts';
import type { ConfigValue } from './feed.ts';

/** Reads values. A path is dotted; the empty path, which may be left out, is everything. All values are frozen. */
export type ConfigReader = {
  /** The store's counter at the last change; 0 before a server has said anything. */
  readonly revision: number;
  /** The value, or the object that the paths below it make; undefined where there is none. */
  readonly get: (path?: string) => ConfigValue | undefined;
  /** @throws OperatingError `not-found`, with the nearest name. */
  readonly require: (path: string) => ConfigValue;
  /** The value as `schema` makes it; an absent one is `undefined` to it. @throws OperatingError `invalid` with the reason. */
  readonly read: <S extends v.GenericSchema>(path: string, schema: S) => v.InferOutput<S>;
  /** `0`, `false`, `''` and `null` are values. */
  readonly exists: (path: string) => boolean;
};

/** All values of one revision: it never changes. */
export type ConfigSnapshot = ConfigReader & {
  /** Every value in force by its dotted path, sorted. Lists are one value. */
  readonly values: ConfigObject;
  readonly branch: (path: string) => ConfigSnapshot;
};

export type ConfigState = { readonly revision: number; readonly flat: FlatValues; readonly tree: ConfigObject };

export function createState(revision: number, flat: FlatValues): ConfigState {
  return { revision, flat, tree: treeOf(flat) };
}

/** `current` is asked at each read, so the same reader serves what changes and what does not. */
export function createReader(current: () => ConfigState, prefix: string): ConfigReader {
  const get = (path = ''): ConfigValue | undefined => readPath(current().tree, joinPath(prefix, path));
  return {
    get revision() {
      return current().revision;
    },
    get,
    exists: (path) => get(path) !== undefined,
    require(path) {
      const value = get(path);
      if (value !== undefined) return value;
      throw missing(joinPath(prefix, path), [...current().flat.keys()]);
    },
    read(path, schema) {
      const outcome = v.safeParse(schema, get(path));
      if (outcome.success) return outcome.output;
      throw unfit(joinPath(prefix, path), outcome.issues[0]);
    },
  };
}

export function createSnapshot(state: ConfigState, prefix = ''): ConfigSnapshot {
  const under = prefix === '' ? '' : `${prefix}.`;
  const reader = createReader(() => state, prefix);
  return Object.freeze({
    ...reader,
    get values() {
      const own = [...state.flat].filter(([path]) => path.startsWith(under));
      return Object.freeze(Object.fromEntries(own.map(([path, value]) => [path.slice(under.length), value])));
    },
    branch: (path: string) => createSnapshot(state, joinPath(prefix, path)),
  });
}

function missing(path: string, known: readonly string[]): OperatingError {
  const nearest = nearestWord(path, known);
  const hint = nearest === undefined ? 'set it, or give it a default' : `did you mean "${nearest}"?`;
  return new OperatingError('not-found', `the configuration has no "${path}": ${hint}`, { details: { path } });
}

/** The value may be a secret: the message says what it should be, not what it is. */
function unfit(path: string, issue: v.BaseIssue<unknown>): OperatingError {
  const inner = v.getDotPath(issue);
  const where = inner === null ? path : joinPath(path, inner);
  const ownWords = issue.message.includes(issue.received) ? undefined : issue.message;
  const reason = ownWords ?? `it must be ${issue.expected ?? 'something else'}`;
  return new OperatingError('invalid', `the configuration "${where}" cannot be used: ${reason}`, {
    details: { path: where },
  });
}
