/** What an application reads its configuration with. */
import { OperatingError } from '@plumb/base';
import * as v from 'valibot';
import { applyEvent, concerns, type ConfigSnapshot, createSnapshot, readPath } from './config-state.ts';
import type { ConfigFeedEvent, ConfigValue } from './feed.ts';

/** Told once for each change of what it listens to, when the whole of the new revision is in force. */
export type ConfigListener = (value: ConfigValue | undefined, snapshot: ConfigSnapshot) => void;

/** Values at or below a path. A path is dotted; the empty path is the whole. All values are frozen. */
export type ConfigBranch = {
  /** The value, or the object that the keys below make; undefined where there is none. `0`, `false` and `''` are values. */
  readonly get: (path: string) => ConfigValue | undefined;
  /** @throws OperatingError `not-found`, naming the key. */
  readonly require: (path: string) => ConfigValue;
  /** As `schema` makes it. @throws OperatingError `invalid` with the reason; an absent value is `undefined` to the schema. */
  readonly read: <S extends v.GenericSchema>(path: string, schema: S) => v.InferOutput<S>;
  readonly exists: (path: string) => boolean;
  /** The same, with paths below `path`. */
  readonly branch: (path: string) => ConfigBranch;
  /**
   * Calls `listener` after each change of the value at `path` or of anything below it, deletion too, once a change set.
   * What a listener throws is the caller's log's affair and stops nobody else. Ends by disposing.
   */
  readonly subscribe: (path: string, listener: ConfigListener) => Disposable;
};

export type ConfigView = ConfigBranch & {
  /** All values of one revision. */
  readonly snapshot: () => ConfigSnapshot;
};

/** The view, and the way to move it on. */
export type ConfigSource = {
  readonly view: ConfigView;
  readonly apply: (event: ConfigFeedEvent) => void;
};

export function createConfigSource(
  defaults: Readonly<Record<string, ConfigValue>>,
  onListenerError: (error: unknown) => void,
): ConfigSource {
  const base = createSnapshot(defaults);
  const listeners = new Set<{ readonly path: string; readonly listener: ConfigListener }>();
  let current = base;

  const branch = (prefix: string): ConfigBranch => {
    const full = (path: string): string => (prefix === '' || path === '' ? prefix + path : `${prefix}.${path}`);
    const get = (path: string): ConfigValue | undefined => readPath(current, full(path));
    return {
      get,
      require(path) {
        const value = get(path);
        if (value === undefined)
          throw new OperatingError(
            'not-found',
            `the configuration has no "${full(path)}": set it, or give it a default`,
          );
        return value;
      },
      read(path, schema) {
        const result = v.safeParse(schema, get(path));
        if (result.success) return result.output;
        // The value may be a secret: the message says what is wrong, not what it is.
        const reason = result.issues
          .map((issue) => `${v.getDotPath(issue) ?? 'it'} must be ${issue.expected ?? 'something else'}`)
          .join('; ');
        throw new OperatingError('invalid', `the configuration "${full(path)}" cannot be used: ${reason}`);
      },
      exists: (path) => get(path) !== undefined,
      branch: (path) => branch(full(path)),
      subscribe(path, listener) {
        const entry = { path: full(path), listener };
        listeners.add(entry);
        return { [Symbol.dispose]: () => void listeners.delete(entry) };
      },
    };
  };

  return {
    view: { ...branch(''), snapshot: () => current },
    apply(event) {
      const { snapshot, changedKeys } = applyEvent(current, event, base);
      current = snapshot;
      // A copy: a listener may subscribe and unsubscribe.
      for (const { path, listener } of listeners.values().toArray()) {
        if (!changedKeys.some((key) => concerns(path, key))) continue;
        try {
          listener(readPath(snapshot, path), snapshot);
        } catch (error) {
          onListenerError(error);
        }
      }
    },
  };
}
