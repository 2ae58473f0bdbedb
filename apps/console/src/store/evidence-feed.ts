/** Who uses what, and what differs from what is declared: followed while somebody looks. */
import { describeError, sleep } from '@plumb/base';
import type { Drift, RegistryClient, Usage } from '@plumb/registry';
import { type Signal, signal } from '@preact/signals';
import { follow, type World } from './follow.ts';

/** Counts of calls move all the time: often enough to see them live. */
const USAGE_PERIOD_MS = 4_000;

/** Undefined values are those that have not arrived yet. */
export type EvidenceFeed = {
  readonly usages: Signal<readonly Usage[] | undefined>;
  readonly drift: Signal<readonly Drift[] | undefined>;
  /** Why one of them cannot be had. */
  readonly fault: Signal<string | undefined>;
};

export function createEvidenceFeed(): EvidenceFeed {
  return {
    usages: signal<readonly Usage[] | undefined>(undefined),
    drift: signal<readonly Drift[] | undefined>(undefined),
    fault: signal<string | undefined>(undefined),
  };
}

export type EvidenceApi = { readonly registry: Pick<RegistryClient, 'usedBy' | 'watchDrift'> };

/** Runs until `signal` aborts. What was shown stays while the connection is lost. */
export async function followEvidence(
  feed: EvidenceFeed,
  { registry }: EvidenceApi,
  world: World,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([
    follow({
      subscribe: (stop) => registry.watchDrift({}, { signal: stop }),
      onItem: ({ drift }) => (feed.drift.value = drift),
      onRefused(message) {
        feed.fault.value = message;
        feed.drift.value ??= [];
      },
      signal,
      world,
    }),
    pollUsages(feed, registry, world, signal),
  ]);
}

async function pollUsages(
  feed: EvidenceFeed,
  registry: EvidenceApi['registry'],
  { clock }: World,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      feed.usages.value = await registry.usedBy({}, { signal });
      feed.fault.value = undefined;
    } catch (error) {
      if (signal.aborted) return;
      feed.fault.value = describeError(error);
      feed.usages.value ??= [];
    }
    await sleep(clock, USAGE_PERIOD_MS, signal);
  }
}
