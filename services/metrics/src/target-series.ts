/**
 * The series of one target: from the text of a scrape to columns of samples. It keeps a map from the raw text of each series
 * to its number in the database, so that a scrape of known series parses no label, and it knows which series the last scrape
 * had, so that one that vanishes gets a stale marker and its graph ends there.
 */
import { type SampleColumns, type SeriesRef, setStale, type Tsdb } from '@plumb/tsdb';
import { atLine, copyText, type ExpositionFormat, scanExposition } from './exposition.ts';
import type { MetricMetadata } from './contract.ts';
import { type Labels, parseSeries } from './series-text.ts';

/** What is needed of the database. */
export type SampleStore = Pick<Tsdb, 'seriesRef' | 'appendColumns'>;

type KnownSeries = {
  readonly text: string;
  ref: SeriesRef;
  /** The number of the last scrape that had it. */
  scrape: number;
  /** The target gives its times itself: when it ends is the target's affair. */
  hasOwnTime: boolean;
  /** It has samples and no end yet. */
  isLive: boolean;
};

/** Stands for `'stale'` in a batch; a NaN cannot, since JavaScript does not keep its bits. */
const STALE = Symbol('stale');
type BatchSample = { readonly series: KnownSeries; readonly at: number; readonly value: number | typeof STALE };

export type Ingested = {
  readonly metadata: readonly MetricMetadata[];
  /** Samples in the text. */
  readonly sampleCount: number;
  /** Samples that the database refused: of new series beyond its limit, out of order, or twice in one scrape. */
  readonly refusedCount: number;
};

/** Synthetic series of every target, as Prometheus writes them. */
export type ScrapeReport = {
  readonly up: 0 | 1;
  readonly scrape_duration_seconds: number;
  readonly scrape_samples_scraped: number;
};

export class TargetSeries {
  readonly #store: SampleStore;
  readonly #targetLabels: Labels;
  readonly #known = new Map<string, KnownSeries>();
  readonly #reports = new Map<string, KnownSeries>();
  #scrape = 0;

  constructor(store: SampleStore, targetLabels: Labels) {
    this.#store = store;
    this.#targetLabels = targetLabels;
  }

  /**
   * Appends what `text` says, stale markers for series that it no longer has, and `reportOf` of it, in one batch.
   * @throws OperatingError `invalid` with the line of a fault: nothing is appended then; and what the database throws.
   */
  async ingest(
    text: string,
    { format, at, reportOf }: { format: ExpositionFormat; at: number; reportOf: (sampleCount: number) => ScrapeReport },
  ): Promise<Ingested> {
    this.#scrape += 1;
    const batch: BatchSample[] = [];
    let refusedCount = 0;
    let sampleCount = 0;
    const metadata = scanExposition(text, format, (seriesText, value, ownAt, line) => {
      sampleCount += 1;
      const series = this.#known.get(seriesText) ?? atLine(line, () => this.#add(copyText(seriesText)));
      if (series === undefined) {
        refusedCount += 1;
        return;
      }
      series.scrape = this.#scrape;
      series.hasOwnTime = ownAt !== undefined;
      batch.push({ series, at: ownAt ?? at, value });
    });
    for (const { series } of batch) series.isLive = true;
    this.#endVanished(batch, at);
    this.#report(batch, at, reportOf(sampleCount));
    refusedCount += await this.#append(batch);
    return { metadata, sampleCount, refusedCount };
  }

  /** The scrape failed: all series end here, but for those that say so. */
  async fail(at: number, report: ScrapeReport): Promise<void> {
    this.#scrape += 1;
    const batch: BatchSample[] = [];
    this.#endVanished(batch, at);
    this.#report(batch, at, report);
    await this.#append(batch);
  }

  /** The target is gone: every series ends, also those about the scrape. */
  async end(at: number): Promise<void> {
    this.#scrape += 1;
    const batch: BatchSample[] = [...this.#reports.values()].map((series) => ({ series, at, value: STALE }));
    this.#endVanished(batch, at);
    await this.#append(batch);
  }

  #add(text: string): KnownSeries | undefined {
    const labels = parseSeries(text);
    const ref = this.#store.seriesRef(withTarget(labels, this.#targetLabels));
    if (ref === undefined) return undefined;
    const series: KnownSeries = { text, ref, scrape: 0, hasOwnTime: false, isLive: false };
    this.#known.set(text, series);
    return series;
  }

  #endVanished(batch: BatchSample[], at: number): void {
    for (const series of this.#known.values()) {
      if (series.scrape === this.#scrape) continue;
      if (series.isLive && !series.hasOwnTime) batch.push({ series, at, value: STALE });
      this.#known.delete(series.text);
    }
  }

  #report(batch: BatchSample[], at: number, report: ScrapeReport): void {
    for (const [name, value] of Object.entries(report)) {
      let series = this.#reports.get(name);
      if (series === undefined) {
        const ref = this.#store.seriesRef({ ...this.#targetLabels, __name__: name });
        if (ref === undefined) continue;
        series = { text: name, ref, scrape: 0, hasOwnTime: false, isLive: false };
        this.#reports.set(name, series);
      }
      batch.push({ series, at, value });
    }
  }

  /** Returns how many samples were refused. */
  async #append(batch: readonly BatchSample[]): Promise<number> {
    if (batch.length === 0) return 0;
    const { unknownRefs, acceptedCount } = await this.#store.appendColumns(columnsOf(batch));
    if (unknownRefs.length === 0) return batch.length - acceptedCount;

    // The database has dropped series that were away for long, and gives them numbers again.
    const unknown = new Set(unknownRefs);
    const again = batch.filter(({ series, value }) => unknown.has(series.ref) && value !== STALE);
    for (const { series } of again) {
      const labels = this.#reports.has(series.text) ? { __name__: series.text } : parseSeries(series.text);
      series.ref = this.#store.seriesRef(withTarget(labels, this.#targetLabels)) ?? series.ref;
    }
    const retried = await this.#store.appendColumns(columnsOf(again));
    return batch.length - acceptedCount - retried.acceptedCount;
  }
}

/** The target's labels win; what the target itself says under the same name is kept as `exported_NAME`, as in Prometheus. */
export function withTarget(labels: Labels, targetLabels: Labels): Labels {
  const merged: Record<string, string> = { ...labels };
  for (const label of Object.keys(targetLabels)) {
    const own = merged[label];
    if (own === undefined) continue;
    let name = `exported_${label}`;
    while (Object.hasOwn(merged, name) || Object.hasOwn(targetLabels, name)) name = `exported_${name}`;
    merged[name] = own;
  }
  return { ...merged, ...targetLabels };
}

function columnsOf(batch: readonly BatchSample[]): SampleColumns {
  const columns = {
    refs: new Uint32Array(batch.length),
    times: new Float64Array(batch.length),
    values: new Float64Array(batch.length),
  };
  for (const [index, { series, at, value }] of batch.entries()) {
    columns.refs[index] = series.ref;
    columns.times[index] = at;
    if (value === STALE) setStale(columns.values, index);
    else columns.values[index] = value;
  }
  return columns;
}
