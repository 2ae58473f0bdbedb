import { parentOf } from './config-path.ts';
import { type ConfigSnapshot, createSnapshot, type ReadHooks } from './config-snapshot.ts';
import type { ConfigVersion } from './config-version.ts';
import type { ConfigValue } from './feed.ts';

/**
 * Told of the value after a change, undefined where it is gone, of everything else of the same revision, and of everything
 * as it was before.
 */
export type ConfigListener = (value: ConfigValue | undefined, snapshot: ConfigSnapshot, before: ConfigSnapshot) => void;

type Subscription = { readonly path: string; readonly number: number; readonly listener: ConfigListener };
type Change = {
  readonly changed: readonly string[];
  readonly version: ConfigVersion;
  readonly before: ConfigVersion;
};

/** Who listens to which path. Telling them costs what changed, not how many they are. */
export class Subscriptions {
  readonly #byPath = new Map<string, Set<Subscription>>();
  readonly #onListenerError: (error: unknown) => void;
  readonly #hooks: ReadHooks | undefined;
  /** A listener may cause the next change: it is told when all have heard of this one. */
  readonly #waiting: Change[] = [];
  #isTelling = false;
  #count = 0;

  constructor(onListenerError: (error: unknown) => void, hooks?: ReadHooks) {
    this.#onListenerError = onListenerError;
    this.#hooks = hooks;
  }

  add(path: string, listener: ConfigListener): Disposable {
    const subscription = { path, number: (this.#count += 1), listener };
    const here = this.#byPath.get(path) ?? new Set();
    this.#byPath.set(path, here.add(subscription));
    return { [Symbol.dispose]: () => this.#remove(subscription) };
  }

  /** The paths that somebody listens to. */
  get paths(): Iterable<string> {
    return this.#byPath.keys();
  }

  /** Calls everybody at or above one of the paths `changed`, once, in the order in which they subscribed. */
  tell(change: Change): void {
    this.#waiting.push(change);
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#tellNow(next);
    this.#isTelling = false;
  }

  #tellNow({ changed, version, before }: Change): void {
    const called = this.#atOrAbove(changed).sort((a, b) => a.number - b.number);
    if (called.length === 0) return;
    const snapshot = createSnapshot(version, '', this.#hooks);
    const last = createSnapshot(before, '', this.#hooks);
    for (const subscription of called) {
      // A listener before this one may have ended it.
      if (this.#byPath.get(subscription.path)?.has(subscription) !== true) continue;
      try {
        subscription.listener(snapshot.get(subscription.path), snapshot, last);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  #atOrAbove(changed: readonly string[]): Subscription[] {
    const found: Subscription[] = [];
    if (this.#byPath.size === 0) return found;
    const seen = new Set<string>();
    for (const path of changed) {
      // What is above a path that was seen has been seen.
      for (let at = path; !seen.has(at); at = parentOf(at)) {
        seen.add(at);
        found.push(...(this.#byPath.get(at) ?? []));
      }
    }
    return found;
  }

  #remove(subscription: Subscription): void {
    const here = this.#byPath.get(subscription.path);
    here?.delete(subscription);
    if (here?.size === 0) this.#byPath.delete(subscription.path);
  }
}
