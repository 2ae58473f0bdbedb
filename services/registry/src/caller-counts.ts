import type { Caller } from '@plumb/rpc';

/**
 * Callers between two reports: as many as a server has connections. Calls of more are not counted until the next report,
 * which makes room; who calls is then known from its later calls.
 */
const CALLERS_MAX = 4_096;

export type CallerCount = {
  readonly service: string;
  readonly caller: string;
  readonly application: string | undefined;
  readonly count: number;
};

/** Calls by caller since they were taken last. Counting one is two look-ups. */
export class CallerCounts {
  readonly #counts = new Map<Caller, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  add(caller: Caller, service: string, count = 1): void {
    let services = this.#counts.get(caller);
    if (services === undefined) {
      if (this.#counts.size >= CALLERS_MAX) return;
      services = new Map();
      this.#counts.set(caller, services);
    }
    services.set(service, (services.get(service) ?? 0) + count);
  }

  /** One for each caller and service, whichever connections it came by; counting begins anew. */
  take(): CallerCount[] {
    const taken = new Map<string, CallerCount>();
    for (const [{ id: caller, application }, services] of this.#counts) {
      for (const [service, more] of services) {
        const key = `${service} ${caller}`;
        taken.set(key, { service, caller, application, count: (taken.get(key)?.count ?? 0) + more });
      }
    }
    this.#counts.clear();
    return [...taken.values()];
  }
}
