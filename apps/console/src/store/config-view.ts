/**
 * The configuration of one application, as the page shows it: the server's entries with the edits that are on their way
 * laid over them. An edit shows at once and goes back if the server refuses it.
 */
import { describeError, sleep } from '@plumb/base';
import type { ConfigValue } from '@plumb/config/feed';
import type { ConfigClient, ConfigConvergence, ConfigEntry } from '@plumb/config-store';
import { batch, type ReadonlySignal, type Signal, computed, signal } from '@preact/signals';
import { follow, type World } from './follow.ts';

export type ConfigView = {
  readonly application: string;
  readonly entries: Signal<readonly ConfigEntry[] | undefined>;
  /** Values that are being stored, by key. */
  readonly pending: Signal<ReadonlyMap<string, ConfigValue>>;
  readonly convergence: Signal<ConfigConvergence | undefined>;
  /** Why a key could not be stored, by key; gone with the next try. */
  readonly faults: Signal<ReadonlyMap<string, string>>;
  readonly refused: Signal<string | undefined>;
  /** The entries with the pending values laid over them. */
  readonly shown: ReadonlySignal<readonly ConfigEntry[] | undefined>;
};

type ConfigApi = { readonly config: Pick<ConfigClient, 'set' | 'unset' | 'list' | 'watch' | 'convergence'> };

export function createConfigView(application: string): ConfigView {
  const entries = signal<readonly ConfigEntry[] | undefined>(undefined);
  const pending = signal<ReadonlyMap<string, ConfigValue>>(new Map());
  return {
    application,
    entries,
    pending,
    convergence: signal<ConfigConvergence | undefined>(undefined),
    faults: signal<ReadonlyMap<string, string>>(new Map()),
    refused: signal<string | undefined>(undefined),
    shown: computed(() => entries.value && overlay(entries.value, pending.value)),
  };
}

/** Instances report within a few hundred milliseconds; asking more often would not show it sooner. */
const CONVERGENCE_POLL_MS = 400;
/** When all run the last revision, only a restart changes that. */
const CONVERGED_POLL_MS = 5_000;

/** Keeps `view` up to date until `signal` aborts: every change of the feed makes it read the entries again. */
export async function followConfig(view: ConfigView, api: ConfigApi, world: World, signal: AbortSignal): Promise<void> {
  const { application } = view;
  let changed = new AbortController();
  const feed = follow({
    subscribe: (stop) => changes(view, api, stop),
    onItem: (entries) => {
      view.entries.value = entries;
      changed.abort();
      changed = new AbortController();
    },
    onRefused: (message) => (view.refused.value = message),
    signal,
    world,
  });
  while (!signal.aborted) {
    // A failure leaves the last answer; the feed tells of lasting trouble.
    view.convergence.value = await api.config
      .convergence({ application }, { signal })
      .catch(() => view.convergence.value);
    const delayMs = isConverged(view.convergence.value) ? CONVERGED_POLL_MS : CONVERGENCE_POLL_MS;
    await sleep(world.clock, delayMs, AbortSignal.any([signal, changed.signal]));
  }
  await feed;
}

async function* changes(
  { application, convergence }: ConfigView,
  { config }: ConfigApi,
  signal: AbortSignal,
): AsyncIterable<readonly ConfigEntry[]> {
  for await (const event of config.watch({ application }, { signal })) {
    if (convergence.value !== undefined) {
      // Who had the values of before is yet to say that it has these.
      const instances = convergence.value.instances.map((instance) => ({ ...instance, isConverged: false }));
      convergence.value = { revision: event.revision, instances };
    }
    yield await config.list({ application }, { signal });
  }
}

export function isConverged(convergence: ConfigConvergence | undefined): boolean {
  return convergence !== undefined && countConverged(convergence) === convergence.instances.length;
}

/** By their proof: instances elsewhere are not told of each revision, and run what they should all the same. */
export function countConverged({ instances }: ConfigConvergence): number {
  return instances.filter((instance) => instance.isConverged).length;
}

/**
 * Stores `value` in the layer where it was set, or in `common`; shown at once. `known` is the entry that the person saw: a
 * newer one is not overwritten.
 */
export async function setValue(
  view: ConfigView,
  api: ConfigApi,
  change: { readonly key: string; readonly value: ConfigValue; readonly known?: ConfigEntry | undefined },
): Promise<void> {
  const { application } = view;
  const { key, value, known } = change;
  begin(view, key, value);
  try {
    const set = known?.layer === 'manifest' ? undefined : known;
    const outcome = await api.config.set({
      application,
      key,
      value,
      layer: set?.layer,
      ifRevision: set?.revision ?? 0,
    });
    if (outcome.kind === 'conflict') {
      end(
        view,
        key,
        `somebody else changed it to ${JSON.stringify(outcome.current?.value)} meanwhile: look at it, then try again`,
      );
      return;
    }
    const entries = await api.config.list({ application });
    batch(() => {
      view.entries.value = entries;
      end(view, key);
    });
  } catch (error) {
    end(view, key, describeError(error));
  }
}

/** Removes the layer's value, so that the one below it is in force again, if there is one. */
export async function unsetValue(view: ConfigView, api: ConfigApi, entry: ConfigEntry): Promise<void> {
  const { application } = view;
  const { key, layer, revision, manifestValue = null } = entry;
  begin(view, key, manifestValue);
  try {
    const outcome = await api.config.unset({ application, key, layer, ifRevision: revision });
    const entries = await api.config.list({ application });
    batch(() => {
      view.entries.value = entries;
      end(
        view,
        key,
        outcome.kind === 'conflict' ? 'somebody else changed it meanwhile: look at it, then try again' : undefined,
      );
    });
  } catch (error) {
    end(view, key, describeError(error));
  }
}

function begin({ pending, faults }: ConfigView, key: string, value: ConfigValue): void {
  batch(() => {
    pending.value = new Map(pending.value).set(key, value);
    faults.value = without(faults.value, key);
  });
}

function end({ pending, faults }: ConfigView, key: string, fault?: string): void {
  batch(() => {
    pending.value = without(pending.value, key);
    if (fault !== undefined) faults.value = new Map(faults.value).set(key, fault);
  });
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  return new Map([...map].filter(([name]) => name !== key));
}

/** Pending values over those of the server; a key that is pending only has no entry yet and is shown when it has. */
function overlay(entries: readonly ConfigEntry[], pending: ReadonlyMap<string, ConfigValue>): readonly ConfigEntry[] {
  return entries.map((entry) =>
    pending.has(entry.key) ? { ...entry, value: pending.get(entry.key) as ConfigValue } : entry,
  );
}
