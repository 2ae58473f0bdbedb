/** What an application holds of its configuration while it changes. No sockets: `open-config.ts` feeds it. */
import { isDeepStrictEqual } from 'node:util';
import {
  type ConfigReader,
  type ConfigSnapshot,
  type ConfigState,
  createReader,
  createSnapshot,
  createState,
} from './config-snapshot.ts';
import { applyEvent, type ConfigObject, type FlatValues, isAtOrUnder, joinPath, mergeValues } from './config-values.ts';
import type { ConfigFeedEvent, ConfigValue } from './feed.ts';

/** Told of the value after a change, undefined where it is gone, and of everything else of the same revision. */
export type ConfigListener = (value: ConfigValue | undefined, snapshot: ConfigSnapshot) => void;

/** The values in force right now. */
export type ConfigView = ConfigReader & {
  /** The same for what is below `path`, with paths from there. */
  readonly branch: (path: string) => ConfigView;
  /** All values of the present revision, for work that must not see two of them. */
  readonly snapshot: () => ConfigSnapshot;
  /**
   * Calls `listener` once for each change set that changes the value at `path` or anything below it, deletion too. By
   * then the whole revision is in force. What it throws is logged and stops nobody else. Ends when it is disposed.
   */
  readonly subscribe: (path: string, listener: ConfigListener) => Disposable;
};

/** The view, and the way to move it on. */
export type ConfigSource = { readonly view: ConfigView; readonly apply: (event: ConfigFeedEvent) => void };

type Subscription = { readonly path: string; readonly listener: ConfigListener };

export function createConfigSource(defaults: ConfigObject, onListenerError: (error: unknown) => void): ConfigSource {
  // Frozen later, so not the caller's own.
  const base: FlatValues = new Map(Object.entries(structuredClone(defaults)));
  const subscriptions = new Set<Subscription>();
  let given: FlatValues = new Map();
  let state: ConfigState = createState(0, mergeValues(base, given));

  const viewAt = (prefix: string): ConfigView => {
    const view: Omit<ConfigView, keyof ConfigReader> = {
      branch: (path) => viewAt(joinPath(prefix, path)),
      snapshot: () => createSnapshot(state, prefix),
      subscribe(path, listener) {
        const subscription = { path: joinPath(prefix, path), listener };
        subscriptions.add(subscription);
        return { [Symbol.dispose]: () => void subscriptions.delete(subscription) };
      },
    };
    return withOwn(
      createReader(() => state, prefix),
      view,
    );
  };
  const notify = (changed: readonly string[]): void => {
    const snapshot = createSnapshot(state);
    for (const subscription of Array.from(subscriptions)) {
      const { path, listener } = subscription;
      // A listener before this one may have ended it.
      if (!subscriptions.has(subscription) || !changed.some((key) => isAtOrUnder(key, path))) continue;
      try {
        listener(snapshot.get(path), snapshot);
      } catch (error) {
        onListenerError(error);
      }
    }
  };

  return {
    view: viewAt(''),
    apply(event) {
      const before = state.flat;
      given = applyEvent(given, event);
      state = createState(event.revision, mergeValues(base, given));
      notify(changedPaths(before, state.flat));
    },
  };
}

function changedPaths(before: FlatValues, after: FlatValues): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => !isDeepStrictEqual(before.get(path), after.get(path)));
}

/** Adds `members` to an object whose getters must stay getters, which spreading would not keep. */
export function withOwn<A extends object, B extends object>(object: A, members: B): A & B {
  return Object.defineProperties(object, Object.getOwnPropertyDescriptors(members)) as A & B;
}
