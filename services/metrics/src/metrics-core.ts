/** The database, the scraper and the queries as one thing: what the worker hosts. It knows nothing of threads. */
import http from 'node:http';
import type { Clock, Log } from '@plumb/base';
import { openTsdb } from '@plumb/tsdb';
import type { MetricsHandlers } from './contract.ts';
import { type KnownService, queryHandlers } from './query-handlers.ts';
import { fetchExposition } from './scrape-http.ts';
import { Scraper, type ScrapeTarget } from './scraper.ts';

/** How long samples are kept: two weeks and a day, so that last week can be compared with the one before. */
const RETENTION_MS = 15 * 86_400_000;

/** Who is to be scraped, and what the dictionary knows besides. */
export type MetricsWorld = { readonly targets: readonly ScrapeTarget[]; readonly services: readonly KnownService[] };

export type MetricsCore = AsyncDisposable & {
  readonly handlers: MetricsHandlers;
  readonly setWorld: (world: MetricsWorld) => void;
};

export type MetricsCoreOptions = {
  readonly directory: string;
  readonly scrapePeriodMs?: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** The exposition of a source within Plumb. */
  readonly collect: (index: number) => Promise<string>;
};

/** @throws OperatingError as `openTsdb`. */
export async function openMetricsCore({
  directory,
  scrapePeriodMs,
  clock,
  log,
  collect,
}: MetricsCoreOptions): Promise<MetricsCore> {
  await using opening = new AsyncDisposableStack();
  const tsdb = opening.use(await openTsdb({ directory, clock, log, retentionMs: RETENTION_MS }));
  const agent = new http.Agent({ keepAlive: true });
  opening.defer(() => agent.destroy());
  const scraper = opening.use(
    new Scraper({
      store: tsdb,
      clock,
      log,
      periodMs: scrapePeriodMs,
      fetch: async ({ from }, signal) =>
        from.kind === 'http'
          ? fetchExposition(from.url, { signal, agent })
          : { text: await collect(from.index), format: 'text' },
    }),
  );
  let services: readonly KnownService[] = [];
  const open = opening.move();
  return {
    handlers: queryHandlers({ tsdb, scraper, clock, services: () => services }),
    setWorld(world) {
      services = world.services;
      scraper.setTargets(world.targets);
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
