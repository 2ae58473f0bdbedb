/**
 * What an application holds of its configuration while it changes: what its sources say, merged, and who listens. No
 * sockets, files or clocks: whoever runs the sources feeds it.
 */
import { joinPath } from './config-path.ts';
import {
  type ConfigReader,
  type ConfigSnapshot,
  createReader,
  createSnapshot,
  type ReadHooks,
} from './config-snapshot.ts';
import { isSameStatement, type SourceChange, type SourceLayer, type SourceValue } from './config-source.ts';
import { freezeDeep } from './config-values.ts';
import { ConfigVersion } from './config-version.ts';
import { explain, type Explanation } from './explain.ts';
import { LayeredValues } from './layered-values.ts';
import { type ConfigListener, Subscriptions } from './subscriptions.ts';

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
  /** Every source that speaks of `path`, of what is above it or below it, and which one wins. Secrets are not shown. */
  readonly explain: (path?: string) => Explanation;
};

/** What a source says from then on: all of it, or what is different. */
export type Said = SourceLayer | SourceChange;

/** The view, and the way to move it on. */
export type LayeredConfig = {
  readonly view: ConfigView;
  /**
   * Makes what sources say take effect, by their number from the lowest, in one change set; values are frozen. Returns
   * the faults for which it was refused: then nothing is different, and what was refused is remembered, and tried again
   * together with what the same source says next, be it no change.
   */
  readonly apply: (said: ReadonlyMap<number, Said>) => readonly string[];
  /** The paths that somebody listens to at present. */
  readonly listenedPaths: () => Iterable<string>;
};

export type LayeredConfigOptions = {
  /** Lowest first. */
  readonly sourceNames: readonly string[];
  readonly onListenerError: (error: unknown) => void;
  /** What is wrong with all values together. Change sets for which it says anything are refused. */
  readonly check?: ((snapshot: ConfigSnapshot) => readonly string[]) | undefined;
  readonly hooks?: ReadHooks | undefined;
};

export function createLayeredConfig(options: LayeredConfigOptions): LayeredConfig {
  const core = new ConfigCore(options);
  return { view: core.viewAt(''), apply: (said) => core.apply(said), listenedPaths: () => core.listenedPaths };
}

/** How many steps an older version is at most from what it reads, and how many change sets it can hold. */
const VERSIONS_PER_MAP_MAX = 256;

type Changes = ReadonlyMap<string, SourceValue | undefined>;

class ConfigCore {
  readonly #options: LayeredConfigOptions;
  readonly #values = new LayeredValues();
  readonly #subscriptions: Subscriptions;
  /** By source: what it says, whether it is in force or hidden. Maps that sources published are theirs: `#own` has our copies. */
  readonly #accepted: ReadonlyMap<string, SourceValue>[];
  readonly #own: (Map<string, SourceValue> | undefined)[] = [];
  /** By source: what it says besides, which was refused. */
  readonly #refused: Changes[];
  #version = new ConfigVersion(0, this.#values.inForce);
  #versionCount = 0;

  constructor(options: LayeredConfigOptions) {
    this.#options = options;
    this.#accepted = options.sourceNames.map(() => new Map());
    this.#refused = options.sourceNames.map(() => new Map());
    this.#subscriptions = new Subscriptions(options.onListenerError, options.hooks);
  }

  get listenedPaths(): Iterable<string> {
    return this.#subscriptions.paths;
  }

  viewAt(prefix: string): ConfigView {
    const view: Omit<ConfigView, keyof ConfigReader> = {
      branch: (path) => this.viewAt(joinPath(prefix, path)),
      snapshot: () => createSnapshot(this.#version, prefix, this.#options.hooks),
      subscribe: (path, listener) => this.#subscriptions.add(joinPath(prefix, path), listener),
      explain: (path = '') => explain(joinPath(prefix, path), this.#values),
    };
    return withOwn(
      createReader(() => this.#version, prefix, this.#options.hooks),
      view,
    );
  }

  apply(said: ReadonlyMap<number, Said>): readonly string[] {
    const wanted = new Map([...said].map(([index, one]) => [index, this.#differences(index, one)] as const));
    const isDetached = this.#versionCount % VERSIONS_PER_MAP_MAX === 0;
    this.#versionCount += 1;
    if (isDetached) this.#values.detach();
    for (const changes of wanted.values()) freezeAll(changes);
    const { check } = this.#options;
    const outcome = this.#values.apply(wanted, { before: !isDetached, inverse: check !== undefined });
    const revision = [...said.values()].reduce((last, one) => one.revision ?? last, this.#version.revision);
    const version = new ConfigVersion(revision, this.#values.inForce);
    const faults = check?.(createSnapshot(version)) ?? [];
    if (faults.length > 0) {
      this.#values.apply(outcome.inverse);
      for (const [index, changes] of wanted) this.#refused[index] = changes;
      return faults;
    }
    for (const [index, changes] of wanted) this.#accept(index, changes, said.get(index));
    if (!isDetached) this.#version.supersede(version, outcome.before);
    const before = this.#version;
    this.#version = version;
    if (outcome.changed.length > 0) this.#subscriptions.tell({ changed: outcome.changed, version, before });
    return faults;
  }

  /** What `said` makes different from what is accepted of the source. */
  #differences(index: number, said: Said): Changes {
    const [accepted, refused] = [this.#accepted[index] ?? new Map(), this.#refused[index] ?? new Map()];
    if ('changes' in said) return refused.size === 0 ? said.changes : new Map([...refused, ...said.changes]);
    if (accepted.size === 0) return said.values;
    const changes = new Map<string, SourceValue | undefined>();
    for (const [path, value] of said.values) {
      if (!isSameStatement(accepted.get(path), value)) changes.set(path, value);
    }
    for (const path of accepted.keys()) if (!said.values.has(path)) changes.set(path, undefined);
    return changes;
  }

  #accept(index: number, changes: Changes, said: Said | undefined): void {
    this.#refused[index] = new Map();
    if (said !== undefined && 'values' in said) {
      this.#accepted[index] = said.values;
      this.#own[index] = undefined;
      return;
    }
    const own = this.#own[index] ?? new Map(this.#accepted[index]);
    for (const [path, value] of changes) {
      if (value === undefined) own.delete(path);
      else own.set(path, value);
    }
    this.#own[index] = own;
    this.#accepted[index] = own;
  }
}

function freezeAll(changes: Changes): void {
  changes.forEach((said) => {
    if (typeof said?.value === 'object') freezeDeep(said.value);
  });
}

/** Adds `members` to an object whose getters must stay getters, which spreading would not keep. */
export function withOwn<A extends object, B extends object>(object: A, members: B): A & B {
  return Object.defineProperties(object, Object.getOwnPropertyDescriptors(members)) as A & B;
}
