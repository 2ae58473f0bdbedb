import { backoffDelayMs, type Clock, type Log, type Random, sleep } from '@plumb/base';
import type { RegistryClient } from '../../index.ts';
import { DnsView } from './dns-view.ts';
import type { DnsSource } from './dns-source.ts';

/** The watch only ends with the dictionary or with a connection to it: soon again, then not too often. */
const RETRY = { delayMsMin: 50, delayMsMax: 2_000 };

export type FollowRegistryDependencies = {
  readonly registry: Pick<RegistryClient, 'watch'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Keeps a view of the dictionary until it is disposed. While the watch is lost nothing is known, and nothing is answered. */
export function followRegistry(
  dependencies: FollowRegistryDependencies,
): AsyncDisposable & { readonly source: DnsSource } {
  const view = new DnsView();
  const stop = new AbortController();
  const following = follow(dependencies, view, stop.signal);
  return {
    source: view,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
    },
  };
}

async function follow(
  { registry, clock, random, log }: FollowRegistryDependencies,
  view: DnsView,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      for await (const event of registry.watch({}, { signal })) {
        view.apply(event);
        failures = 0;
      }
    } catch (error) {
      if (!signal.aborted) log.warn('dns.watch-lost', { error });
    }
    view.forget();
    await sleep(clock, backoffDelayMs(RETRY, failures, random), signal);
  }
}
