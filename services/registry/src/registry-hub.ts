/**
 * One reader of the store for everybody in this process: keeps the view, and hands each change on as the object that it
 * is, so that a thousand watchers cost one decoding.
 *
 * Invariants: the view is always a state that the store had, and never goes back. A watcher gets a snapshot, then each
 * later change, once and in order; one that falls more than `HUB_QUEUE_MAX` changes behind gets a new snapshot instead.
 */
import { describeError, type Log, OperatingError } from '@plumb/base';
import type { SharedValue } from '@plumb/rpc';
import type { RegistryEvent } from './contract.ts';
import { type RegistryChange, RegistryView, type Removed } from './registry-view.ts';
import { type Committed, DICTIONARY_PREFIX, type RegistryStore, toChange } from './registry-store.ts';

/** Changes that a slow watcher may fall behind. They are shared, so a watcher costs its places only. */
const HUB_QUEUE_MAX = 1_024;

export type HubChange = {
  readonly kind: 'change';
  readonly change: RegistryChange;
  readonly removed: Removed;
  /** What watchers are told of it, by what they ask for: shared, so that it is encoded once. Made by the first of them. */
  told?: Map<string, SharedValue<RegistryEvent> | undefined>;
};

/** `view` is what is there when the item is taken: read it before anything is awaited. */
export type HubEvent = { readonly kind: 'snapshot'; readonly view: RegistryView } | HubChange;

/** Hears of each change, or that all may be another, when the view has it and before anybody else. Must not throw. */
export type HubListener = (event: HubEvent) => void;

type Waiter = { readonly revision: number; readonly reached: PromiseWithResolvers<void> };

export class RegistryHub {
  readonly view = new RegistryView();
  readonly #store: RegistryStore;
  readonly #log: Log;
  readonly #watchers = new Set<HubWatcher>();
  #listener: HubListener | undefined;
  /** Ascending: who writes later waits for more. */
  #waiters: Waiter[] = [];
  #ended: OperatingError | undefined;
  #hasRead = false;
  #reading: PromiseWithResolvers<void> | undefined;

  constructor(store: RegistryStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Sets the one listener of this process, who hears of what comes from then on. */
  listen(listener: HubListener): void {
    this.#listener = listener;
  }

  /** Reads until `signal` aborts or the store closes. Never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    try {
      for await (const event of this.#store.kv.watch(DICTIONARY_PREFIX, { signal }))
        this.#apply(event.kind === 'snapshot', toChange(this.#store, event));
    } catch (error) {
      this.#log.error('registry.follow-failed', { error: describeError(error) });
    }
    this.#ended = new OperatingError('unavailable', 'the dictionary is closed: open it again');
    for (const { reached } of this.#waiters) reached.reject(this.#ended);
    this.#reading?.reject(this.#ended);
    for (const watcher of this.#watchers) watcher.end();
  }

  /** Resolves when the view holds what the store has. */
  async read(): Promise<void> {
    if (this.#hasRead) return;
    if (this.#ended !== undefined) throw this.#ended;
    this.#reading ??= Promise.withResolvers<void>();
    await this.#reading.promise;
  }

  /** Resolves at the next change after `revision`, at once if there was one, and when `signal` aborts. */
  async changedAfter(revision: number, signal: AbortSignal): Promise<void> {
    if (this.view.revision > revision || signal.aborted) return;
    for await (const { kind } of this.watch(signal)) if (kind === 'change' || this.view.revision > revision) return;
  }

  /** Resolves when the view holds the change: who wrote something reads it afterwards. */
  async holds({ revision, hasChanged }: Committed): Promise<void> {
    if (!hasChanged) return;
    await this.reached(revision);
  }

  /** @throws OperatingError `unavailable` when the dictionary is closed first. */
  async reached(revision: number): Promise<void> {
    if (this.view.revision >= revision) return;
    if (this.#ended !== undefined) throw this.#ended;
    const reached = Promise.withResolvers<void>();
    const last = this.#waiters.at(-1);
    this.#waiters.push({ revision, reached });
    if (last !== undefined && last.revision > revision) this.#waiters.sort((a, b) => a.revision - b.revision);
    await reached.promise;
  }

  /** A snapshot, then each change, until `signal` aborts or the dictionary closes. */
  async *watch(signal: AbortSignal): AsyncGenerator<HubEvent, void, undefined> {
    const watcher = new HubWatcher();
    const stop = (): void => watcher.end();
    this.#watchers.add(watcher);
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted && this.#ended === undefined) {
        if (watcher.catchUp()) {
          yield { kind: 'snapshot', view: this.view };
          continue;
        }
        const next = watcher.take();
        if (next === undefined) await watcher.wait();
        else yield next;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#watchers.delete(watcher);
    }
  }

  #apply(isSnapshot: boolean, change: RegistryChange): void {
    if (isSnapshot) this.view.clear();
    const removed = this.view.apply(change);
    this.#hasRead = true;
    this.#reading?.resolve();
    const event: HubChange = { kind: 'change', change, removed };
    this.#listener?.(isSnapshot ? { kind: 'snapshot', view: this.view } : event);
    for (const watcher of this.#watchers) {
      if (isSnapshot) watcher.fallBehind();
      else watcher.offer(event);
    }
    let count = 0;
    while ((this.#waiters[count]?.revision ?? Infinity) <= change.revision) count += 1;
    for (const { reached } of this.#waiters.splice(0, count)) reached.resolve();
  }
}

class HubWatcher {
  #queue: HubChange[] = [];
  #isBehind = true;
  #wake: (() => void) | undefined;

  offer(change: HubChange): void {
    if (this.#isBehind) return;
    if (this.#queue.length >= HUB_QUEUE_MAX) return this.fallBehind();
    this.#queue.push(change);
    this.#wake?.();
  }

  fallBehind(): void {
    this.#isBehind = true;
    this.#queue = [];
    this.#wake?.();
  }

  /** Whether it was behind. */
  catchUp(): boolean {
    const wasBehind = this.#isBehind;
    this.#isBehind = false;
    return wasBehind;
  }

  take(): HubChange | undefined {
    return this.#queue.shift();
  }

  async wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }

  end(): void {
    this.#wake?.();
  }
}
