/** Queries over the blocks and the head of a database as if they were one. */
import { OperatingError } from '@plumb/base';
import type { Block } from './block.ts';
import type { Columns } from './chunk.ts';
import { joinParts, type Part } from './columns.ts';
import type { LabelIndex } from './label-index.ts';
import { type Labels, labelOf, labelsKey } from './labels.ts';
import { type CompiledMatcher, compileMatcher, type LabelMatcher } from './matcher.ts';

/** Blocks in order of time; the head follows them. */
export type Sources = { readonly blocks: readonly Block[]; readonly head: LabelIndex };

/** Samples of one series, ascending in time: epoch ms and values. Values may be stale markers: see `isStale`. */
export type SeriesData = Columns & { readonly labels: Labels };

export type SelectLimits = {
  readonly seriesCountMax?: number | undefined;
  readonly sampleCountMax?: number | undefined;
};

/** Times are epoch ms, both ends included; without them, all of time. */
export type SeriesFilter = {
  readonly matchers?: readonly LabelMatcher[] | undefined;
  readonly minAt?: number | undefined;
  readonly maxAt?: number | undefined;
};

/** One series and the places that have samples of it, in order of time. */
type Found = { readonly labels: Labels; readonly readers: (() => Part[])[] };

/** @throws OperatingError `invalid` for a bad pattern, `exhausted` when the answer is beyond a limit. */
export function selectSeries(
  sources: Sources,
  filter: Required<SeriesFilter>,
  { seriesCountMax = Infinity, sampleCountMax = Infinity }: SelectLimits,
): SeriesData[] {
  const minAt = filter.minAt ?? -Infinity;
  const maxAt = filter.maxAt ?? Infinity;
  const found = findSeries(sources, filter);
  if (found.length > seriesCountMax) throw tooMuch(`${found.length} series, more than ${seriesCountMax}`);
  const selected: SeriesData[] = [];
  let sampleCount = 0;
  for (const { labels, readers } of found) {
    const columns = joinParts(
      readers.flatMap((read) => read()),
      minAt,
      maxAt,
    );
    if (columns.times.length === 0) continue;
    sampleCount += columns.times.length;
    if (sampleCount > sampleCountMax) throw tooMuch(`more than ${sampleCountMax} samples`);
    selected.push({ labels, ...columns });
  }
  return selected;
}

/** Labels of series that match and that have a block or a head sample around the range. */
export function listSeries(sources: Sources, filter: SeriesFilter): Labels[] {
  return findSeries(sources, filter).map(({ labels }) => labels);
}

export function labelNamesOf(series: readonly Labels[]): string[] {
  return [...new Set(series.flatMap((labels) => Object.keys(labels)))].sort();
}

export function labelValuesOf(series: readonly Labels[], name: string): string[] {
  const values = new Set(series.map((labels) => labelOf(labels, name)));
  values.delete('');
  return [...values].sort();
}

function findSeries({ blocks, head }: Sources, filter: SeriesFilter): Found[] {
  const { minAt = -Infinity, maxAt = Infinity } = filter;
  const matchers: CompiledMatcher[] = (filter.matchers ?? []).map(compileMatcher);
  const found = new Map<string, Found>();
  const add = (key: string, labels: Labels, read: () => Part[]): void => {
    const known = found.get(key);
    if (known === undefined) found.set(key, { labels, readers: [read] });
    else known.readers.push(read);
  };
  for (const block of blocks.filter((one) => one.overlaps(minAt, maxAt))) {
    for (const ordinal of block.index.find(matchers)) {
      const labels = block.index.labels(ordinal);
      add(labelsKey(labels), labels, () => block.chunksIn(ordinal, minAt, maxAt));
    }
  }
  for (const series of head.find(matchers)) {
    if (series.lastAt < minAt || series.firstAt > maxAt) continue;
    add(series.key, series.labels, () => series.partsIn(minAt, maxAt));
  }
  return [...found.values()];
}

function tooMuch(what: string): OperatingError {
  return new OperatingError('exhausted', `the selectors match ${what}: add matchers or ask for a shorter time`);
}
