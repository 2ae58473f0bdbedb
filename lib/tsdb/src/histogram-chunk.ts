/**
 * Native histograms of one series and one layout as bytes: the layout once, then columns as in a chunk of floats: times,
 * counts, sums, counts of the zero bucket, and one for each bucket. Drawn in docs/formats/tsdb.md.
 */
import { assert, OperatingError } from '@plumb/base';
import { ByteReader, ByteWriter } from './bytes.ts';
import { type HistogramSample, RESET_HINTS } from './native-histogram.ts';
import { decodeIntegerColumn, encodeIntegerColumn } from './integer-column.ts';
import { decodeValues, encodeValues } from './value-column.ts';

export const CODEC_HISTOGRAM = 3;

const HEADER_BYTES = 8;
/** No schema has more buckets than a scraper accepts; it bounds what a damaged layout can ask for. */
const BUCKET_COUNT_MAX = 1 << 20;

export function isHistogramChunk(bytes: Uint8Array): boolean {
  return bytes[0] === CODEC_HISTOGRAM;
}

/** Encodes histograms that all have the layout of the first (`hasSameLayout`). A multiple of 4 bytes. */
export function encodeHistogramChunk(
  times: Float64Array,
  histograms: readonly HistogramSample[],
): Uint8Array<ArrayBuffer> {
  const [first] = histograms;
  const count = times.length;
  assert(first !== undefined && histograms.length === count, 'a chunk of histograms has one for each time');
  const out = new ByteWriter(HEADER_BYTES + count * 16);
  out.u8(CODEC_HISTOGRAM);
  out.u8(0);
  out.u16(count);
  out.u32(0);
  encodeIntegerColumn(times, count, out);
  writeLayout(first, out);
  out.align4();
  for (const column of columnsOf(first)) encodeValues(Float64Array.from(histograms, column), count, out);
  return out.copy();
}

/** The inverse, into columns that have room from `from`. @throws OperatingError `internal` for bytes that are no such chunk. */
export function decodeHistogramChunkInto(
  bytes: Uint8Array,
  count: number,
  { times, histograms }: { readonly times: Float64Array; readonly histograms: (HistogramSample | undefined)[] },
  from: number,
): void {
  try {
    const reader = new ByteReader(bytes, HEADER_BYTES);
    const ownCount = (bytes[2] ?? 0) + (bytes[3] ?? 0) * 256;
    if (ownCount !== count || count === 0) throw new RangeError(`a chunk has ${ownCount} samples instead of ${count}`);
    decodeIntegerColumn(reader, count, times, from);
    const layout = readLayout(reader);
    reader.align4();
    const columns = columnsOf(layout).map(() => {
      const values = new Float64Array(count);
      decodeValues(reader, count, values);
      return values;
    });
    for (let i = 0; i < count; i += 1) histograms[from + i] = histogramAt(layout, columns, i);
  } catch (error) {
    throw new OperatingError('internal', 'a chunk of histograms cannot be decoded', { cause: error });
  }
}

/** What a log record holds of one histogram. */
export function writeHistogram(histogram: HistogramSample, out: ByteWriter): void {
  writeLayout(histogram, out);
  for (const column of columnsOf(histogram)) out.f64(column(histogram));
}

/** The inverse of `writeHistogram`. @throws RangeError for bytes that are none. */
export function readHistogram(reader: ByteReader): HistogramSample {
  const layout = readLayout(reader);
  const columns = columnsOf(layout).map(() => Float64Array.of(reader.f64()));
  return histogramAt(layout, columns, 0);
}

type Column = (histogram: HistogramSample) => number;

/** The numbers that change from sample to sample, in the order that they are stored in. */
function columnsOf({ positive, negative }: HistogramSample): Column[] {
  const ofBuckets = (side: 'positive' | 'negative', count: number): Column[] =>
    Array.from({ length: count }, (_, i) => (histogram) => histogram[side].counts[i] as number);
  return [
    ({ count }) => count,
    ({ sum }) => sum,
    ({ zeroCount }) => zeroCount,
    ...ofBuckets('positive', positive.indexes.length),
    ...ofBuckets('negative', negative.indexes.length),
  ];
}

function histogramAt(layout: HistogramSample, columns: readonly Float64Array[], i: number): HistogramSample {
  const at = (column: number): number => columns[column]?.[i] as number;
  const positiveCount = layout.positive.indexes.length;
  const countsFrom = (first: number, count: number): Float64Array =>
    Float64Array.from({ length: count }, (_, bucket) => at(first + bucket));
  return {
    ...layout,
    count: at(0),
    sum: at(1),
    zeroCount: at(2),
    positive: { indexes: layout.positive.indexes, counts: countsFrom(3, positiveCount) },
    negative: {
      indexes: layout.negative.indexes,
      counts: countsFrom(3 + positiveCount, layout.negative.indexes.length),
    },
  };
}

function writeLayout(
  { schema, resetHint, zeroThreshold, bounds, positive, negative }: HistogramSample,
  out: ByteWriter,
): void {
  out.svarint(schema);
  out.u8(RESET_HINTS.indexOf(resetHint));
  out.f64(zeroThreshold);
  out.varint(bounds === undefined ? 0 : bounds.length + 1);
  for (const bound of bounds ?? []) out.f64(bound);
  for (const { indexes } of [positive, negative]) {
    out.varint(indexes.length);
    let last = 0;
    for (const index of indexes) {
      out.svarint(index - last);
      last = index;
    }
  }
}

function readLayout(reader: ByteReader): HistogramSample {
  const schema = reader.svarint();
  const resetHint = RESET_HINTS[reader.u8()];
  if (resetHint === undefined) throw new RangeError('a histogram has an unknown reset hint');
  const zeroThreshold = reader.f64();
  const boundCount = reader.varint() - 1;
  if (boundCount > BUCKET_COUNT_MAX) throw new RangeError(`a histogram has no ${boundCount} bounds`);
  const bounds = boundCount < 0 ? undefined : Array.from({ length: boundCount }, () => reader.f64());
  const [positive, negative] = [readIndexes(reader), readIndexes(reader)];
  const empty = { count: 0, sum: 0, zeroCount: 0 };
  const layout = { schema, resetHint, zeroThreshold, positive, negative, ...empty };
  return bounds === undefined ? layout : { ...layout, bounds };
}

function readIndexes(reader: ByteReader): HistogramSample['positive'] {
  const count = reader.varint();
  if (count > BUCKET_COUNT_MAX) throw new RangeError(`a histogram has no ${count} buckets`);
  let index = 0;
  return {
    indexes: Int32Array.from({ length: count }, () => (index += reader.svarint())),
    counts: new Float64Array(0),
  };
}
