/**
 * Scrapes each target once a period, each at a moment of its own within the period, so that many targets are one even load.
 *
 * Invariants: a target has at most one scrape under way; every scrape writes `up`, also one that fails; a target that goes,
 * and a series that a target no longer has, end with a stale marker.
 */
import { type Clock, describeError, type Log, OperatingError, sleep, withAbort } from '@plumb/base';
import type { MetricMetadata, Target } from './contract.ts';
import type { Exposition } from './scrape-http.ts';
import type { Labels } from './series-text.ts';
import { type SampleStore, TargetSeries } from './target-series.ts';

export const SCRAPE_PERIOD_MS = 5_000;
/** A scrape ends before the next one is due. */
const TIMEOUT_SHARE = 0.8;
/** However long the period, an answer that takes longer than this helps nobody. */
const TIMEOUT_MS_MAX = 10_000;
/** Targets come at once at the start, but not all in one millisecond. */
const FIRST_SCRAPE_SPREAD_MS = 300;
/** A timer is late by milliseconds; times on the grid pack better and change a rate by at most one percent. */
const LATENESS_MS_MAX = 50;
/** Of one plumbd; at the usual period, 1,000 scrapes a second. */
export const TARGETS_MAX = 5_000;
/** Jobs whose metadata is remembered when their targets are gone, so that their boards stay readable. */
const JOBS_REMEMBERED_MAX = 1_000;

export type ScrapeTarget = {
  readonly job: string;
  readonly instance: string;
  /** Further labels of all its series. */
  readonly labels: Labels;
  /** Where to read: an http address, or the name of a source within Plumb. */
  readonly from: { readonly kind: 'http'; readonly url: string } | { readonly kind: 'source'; readonly index: number };
};

export type ScraperDependencies = {
  readonly store: SampleStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly periodMs?: number | undefined;
  readonly fetch: (target: ScrapeTarget, signal: AbortSignal) => Promise<Exposition>;
};

export class Scraper implements AsyncDisposable {
  readonly #dependencies: ScraperDependencies;
  readonly #loops = new Map<string, TargetLoop>();
  readonly #ending = new Set<Promise<void>>();
  readonly #metadata = new Map<string, ReadonlyMap<string, MetricMetadata>>();

  constructor(dependencies: ScraperDependencies) {
    this.#dependencies = dependencies;
  }

  /** Replaces the targets: those that stay the same go on undisturbed. */
  setTargets(targets: readonly ScrapeTarget[]): void {
    if (targets.length > TARGETS_MAX) {
      this.#dependencies.log.error('metrics.targets', { count: targets.length, limit: TARGETS_MAX });
    }
    const wanted = new Map(targets.slice(0, TARGETS_MAX).map((target) => [JSON.stringify(target), target]));
    for (const [key, loop] of this.#loops) {
      if (wanted.has(key)) continue;
      this.#loops.delete(key);
      const ended = loop.end().finally(() => this.#ending.delete(ended));
      this.#ending.add(ended);
    }
    for (const [key, target] of wanted) {
      if (this.#loops.has(key)) continue;
      const remember = (metadata: readonly MetricMetadata[]): void => this.#remember(target.job, metadata);
      this.#loops.set(key, new TargetLoop(target, this.#dependencies, remember));
    }
  }

  targets(): Target[] {
    return [...this.#loops.values()].map((loop) => loop.status());
  }

  /** What targets say of their metrics; of one job, or of all, where the first job to name a metric is believed. */
  metadata(job?: string): MetricMetadata[] {
    if (job !== undefined) return [...(this.#metadata.get(job)?.values() ?? [])];
    const merged = new Map<string, MetricMetadata>();
    for (const known of this.#metadata.values()) {
      for (const [metric, one] of known) if (!merged.has(metric)) merged.set(metric, one);
    }
    return [...merged.values()];
  }

  /** Stops without marking anything stale: a restart is a short gap, not an end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const loops = [...this.#loops.values()];
    this.#loops.clear();
    await Promise.all([...loops.map((loop) => loop.stop()), ...this.#ending]);
  }

  #remember(job: string, metadata: readonly MetricMetadata[]): void {
    this.#metadata.delete(job);
    this.#metadata.set(job, new Map(metadata.map((one) => [one.metric, one])));
    if (this.#metadata.size <= JOBS_REMEMBERED_MAX) return;
    const [oldest] = this.#metadata.keys();
    if (oldest !== undefined) this.#metadata.delete(oldest);
  }
}

class TargetLoop {
  readonly #target: ScrapeTarget;
  readonly #dependencies: ScraperDependencies;
  readonly #remember: (metadata: readonly MetricMetadata[]) => void;
  readonly #series: TargetSeries;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #status: Pick<Target, 'up' | 'lastScrapeAt' | 'lastError' | 'sampleCount'> = { up: false };

  constructor(
    target: ScrapeTarget,
    dependencies: ScraperDependencies,
    remember: (metadata: readonly MetricMetadata[]) => void,
  ) {
    const { job, instance, labels } = target;
    this.#target = target;
    this.#dependencies = dependencies;
    this.#remember = remember;
    this.#series = new TargetSeries(dependencies.store, { ...labels, job, instance });
    this.#running = this.#run();
  }

  status(): Target {
    const { job, instance, labels } = this.#target;
    return { job, instance, labels: { ...labels }, ...this.#status };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async end(): Promise<void> {
    await this.stop();
    const { clock, log } = this.#dependencies;
    await this.#series.end(clock.now()).catch((error: unknown) => {
      log.warn('metrics.target.end', { ...this.#facts(), reason: describeError(error) });
    });
  }

  async #run(): Promise<void> {
    const { clock, periodMs = SCRAPE_PERIOD_MS } = this.#dependencies;
    const { signal } = this.#stop;
    const offset = hashText(`${this.#target.job} ${this.#target.instance}`);
    await sleep(clock, offset % FIRST_SCRAPE_SPREAD_MS, signal);
    let dueAt = clock.now();
    while (!signal.aborted) {
      const now = clock.now();
      await this.#scrape(now >= dueAt && now - dueAt <= LATENESS_MS_MAX ? dueAt : now);
      const after = clock.now() - (offset % periodMs);
      dueAt = (Math.floor(after / periodMs) + 1) * periodMs + (offset % periodMs);
      await sleep(clock, dueAt - clock.now(), signal);
    }
  }

  async #scrape(at: number): Promise<void> {
    const { clock, fetch, log, periodMs = SCRAPE_PERIOD_MS } = this.#dependencies;
    const startedMs = clock.monotonicMs();
    const seconds = (): number => (clock.monotonicMs() - startedMs) / 1_000;
    const timeoutMs = Math.min(TIMEOUT_MS_MAX, periodMs * TIMEOUT_SHARE);
    const deadline = new AbortController();
    const abort = (): void => deadline.abort(new OperatingError('deadline', `no answer within ${timeoutMs} ms`));
    using _timer = clock.after(timeoutMs, abort);
    this.#stop.signal.addEventListener('abort', abort, { once: true });
    try {
      // A source that does not look at its signal must not hold up the loop.
      const { text, format } = await withAbort(fetch(this.#target, deadline.signal), deadline.signal);
      const { metadata, sampleCount, refusedCount } = await this.#series.ingest(text, {
        format,
        at,
        reportOf: (count) => ({ up: 1, scrape_duration_seconds: seconds(), scrape_samples_scraped: count }),
      });
      this.#remember(metadata);
      if (!this.#status.up) log.info('metrics.target.up', this.#facts());
      if (refusedCount > 0) log.debug('metrics.scrape.refused', { ...this.#facts(), refusedCount });
      this.#status = { up: true, lastScrapeAt: at, sampleCount };
    } catch (error) {
      // A scrape that was broken off because Plumb stops says nothing about the target.
      if (this.#stop.signal.aborted) return;
      const reason = describeError(error);
      if (this.#status.up) log.info('metrics.target.down', { ...this.#facts(), reason });
      this.#status = { up: false, lastScrapeAt: at, lastError: reason };
      const report = { up: 0, scrape_duration_seconds: seconds(), scrape_samples_scraped: 0 } as const;
      await this.#series.fail(at, report).catch((caught: unknown) => {
        log.error('metrics.scrape.store', { ...this.#facts(), reason: describeError(caught) });
      });
    } finally {
      this.#stop.signal.removeEventListener('abort', abort);
    }
  }

  #facts(): { readonly job: string; readonly instance: string } {
    return { job: this.#target.job, instance: this.#target.instance };
  }
}

/** FNV-1a, 32 bits: the same target keeps its moment within the period over restarts. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
