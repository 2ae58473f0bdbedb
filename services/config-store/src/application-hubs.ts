import type { Collection } from '@plumb/kv';
import { ApplicationHub } from './application-hub.ts';
import type { StoredItem } from './stored-items.ts';

/** Applications that nobody reads at the moment, kept since who asks once asks again; then the one of longest ago goes. */
const IDLE_MAX = 64;

export type HubLease = Disposable & { readonly hub: ApplicationHub };

/** The applications that are in use, each followed once. All ends when the store closes. */
export class ApplicationHubs {
  readonly #items: Collection<StoredItem>;
  readonly #hubs = new Map<string, { readonly hub: ApplicationHub; useCount: number }>();

  constructor(items: Collection<StoredItem>) {
    this.#items = items;
  }

  /** The state of the application as it is at the time of the call, or later; dispose it when done. */
  async open(application: string): Promise<HubLease> {
    let used = this.#hubs.get(application);
    if (used === undefined || used.hub.isEnded) {
      const hub: ApplicationHub = new ApplicationHub(application, this.#items, () => {
        if (this.#hubs.get(application)?.hub === hub) this.#hubs.delete(application);
      });
      used = { hub, useCount: 0 };
    }
    const { hub } = used;
    // The last used is last.
    this.#hubs.delete(application);
    this.#hubs.set(application, used);
    used.useCount += 1;
    const lease = {
      hub,
      [Symbol.dispose]: () => {
        used.useCount -= 1;
        this.#dropIdle();
      },
    };
    try {
      await hub.reach(0);
      return lease;
    } catch (error) {
      lease[Symbol.dispose]();
      throw error;
    }
  }

  /** Ends the feeds of all, and resolves when no watch of the store is left. */
  async close(): Promise<void> {
    const hubs = [...this.#hubs.values()].map(({ hub }) => hub);
    this.#hubs.clear();
    for (const hub of hubs) hub.close();
    await Promise.all(hubs.map((hub) => hub.ended));
  }

  #dropIdle(): void {
    const idle = [...this.#hubs].filter(([, { useCount }]) => useCount === 0);
    for (const [application, { hub }] of idle.slice(0, Math.max(0, idle.length - IDLE_MAX))) {
      this.#hubs.delete(application);
      hub.close();
    }
  }
}
