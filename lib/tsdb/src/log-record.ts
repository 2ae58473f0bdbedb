/**
 * The records of the write-ahead log and of checkpoints, as bytes. Drawn in docs/formats/tsdb.md.
 *
 * A frame is length, CRC-32 and payload, so a torn or flipped tail is seen; a payload is one record. A batch of samples is
 * one record: after a crash a whole scrape is there or none of it.
 */
import { crc32 } from 'node:zlib';
import { ByteReader, type ByteWriter, bytesOf } from './bytes.ts';
import type { Exemplar } from './exemplars.ts';
import type { SealedChunk } from './head-series.ts';
import { readHistogram, writeHistogram } from './histogram-chunk.ts';
import { type Labels, labelsFromPairs, sortedLabels } from './labels.ts';
import type { HistogramColumn, HistogramSample } from './native-histogram.ts';

export type SeriesEntry = { readonly ref: number; readonly labels: Labels };

/** Samples as columns: what `append` writes and what the log keeps. */
export type SampleColumns = {
  readonly refs: Uint32Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly histograms?: HistogramColumn | undefined;
};

export type ExemplarEntry = Exemplar & { readonly ref: number };

export type LogRecord =
  | { readonly kind: 'series'; readonly entries: readonly SeriesEntry[] }
  | ({
      readonly kind: 'samples';
      /** Samples of the same batch that came out of order. */
      readonly late?: SampleColumns | undefined;
    } & SampleColumns)
  | { readonly kind: 'delete'; readonly refs: Uint32Array; readonly minAt: number; readonly maxAt: number }
  | { readonly kind: 'exemplars'; readonly exemplars: readonly ExemplarEntry[] }
  | { readonly kind: 'chunk'; readonly ref: number; readonly chunk: SealedChunk };

const KIND_SERIES = 1;
const KIND_SAMPLES = 2;
/** Only in checkpoints of version 1. */
const KIND_CHUNK = 3;
const KIND_BATCH = 4;
const KIND_DELETE = 5;
const KIND_EXEMPLARS = 6;
export const FRAME_HEADER_BYTES = 8;
/** A length beyond this is damage, not a record: the largest legal batch is 20 bytes a sample. */
export const RECORD_BYTES_MAX = 64 * 1_024 * 1_024;

/** Appends one framed record to `out`. */
export function encodeRecord(record: LogRecord, out: ByteWriter): void {
  const start = out.size;
  out.u32(0);
  out.u32(0);
  encodePayload(record, out);
  const payload = out.view().subarray(start + FRAME_HEADER_BYTES);
  out.setU32(start, payload.length);
  out.setU32(start + 4, crc32(payload));
}

/** The record of a payload whose checksum was right. @throws RangeError when it is not one all the same. */
export function decodePayload(payload: Uint8Array): LogRecord {
  const reader = new ByteReader(payload);
  const kind = reader.u8();
  switch (kind) {
    case KIND_SERIES:
      return { kind: 'series', entries: readSeries(reader) };
    case KIND_SAMPLES:
      return readSamples(reader);
    case KIND_CHUNK:
      return readChunk(reader);
    case KIND_BATCH:
      return { ...readColumns(reader), kind: 'samples', late: readColumns(reader) };
    case KIND_DELETE:
      return readDelete(reader);
    case KIND_EXEMPLARS:
      return { kind: 'exemplars', exemplars: readExemplars(reader) };
    default:
      throw new RangeError(`a record of kind ${kind} is unknown`);
  }
}

function encodePayload(record: LogRecord, out: ByteWriter): void {
  switch (record.kind) {
    case 'series':
      out.u8(KIND_SERIES);
      out.varint(record.entries.length);
      for (const { ref, labels } of record.entries) writeSeries(ref, labels, out);
      return;
    case 'samples':
      if (record.late === undefined && record.histograms === undefined) {
        out.u8(KIND_SAMPLES);
        writeSamples(record, out);
        return;
      }
      out.u8(KIND_BATCH);
      writeColumns(record, out);
      writeColumns(record.late ?? NO_SAMPLES, out);
      return;
    case 'delete':
      out.u8(KIND_DELETE);
      out.f64(record.minAt);
      out.f64(record.maxAt);
      out.varint(record.refs.length);
      for (const ref of record.refs) out.varint(ref);
      return;
    case 'exemplars':
      out.u8(KIND_EXEMPLARS);
      out.varint(record.exemplars.length);
      for (const exemplar of record.exemplars) writeExemplar(exemplar, out);
      return;
    case 'chunk':
      out.u8(KIND_CHUNK);
      out.varint(record.ref);
      out.svarint(record.chunk.minAt);
      out.varint(record.chunk.maxAt - record.chunk.minAt);
      out.varint(record.chunk.count);
      out.varint(record.chunk.bytes.length);
      out.raw(record.chunk.bytes);
  }
}

/** The chunk's bytes are a copy: a view would keep the whole log in memory. */
function readChunk(reader: ByteReader): LogRecord {
  const ref = reader.varint();
  const minAt = reader.svarint();
  const maxAt = minAt + reader.varint();
  const count = reader.varint();
  const bytes = new Uint8Array(reader.raw(reader.varint()));
  return { kind: 'chunk', ref, chunk: { minAt, maxAt, count, bytes } };
}

function writeSeries(ref: number, labels: Labels, out: ByteWriter): void {
  const pairs = sortedLabels(labels);
  out.varint(ref);
  out.varint(pairs.length);
  for (const [name, value] of pairs) {
    out.text(name);
    out.text(value);
  }
}

function readSeries(reader: ByteReader): SeriesEntry[] {
  const entries: SeriesEntry[] = [];
  for (let rest = reader.varint(); rest > 0; rest -= 1) {
    const ref = reader.varint();
    const pairs: [string, string][] = [];
    for (let left = reader.varint(); left > 0; left -= 1) pairs.push([reader.text(), reader.text()]);
    entries.push({ ref, labels: labelsFromPairs(pairs) });
  }
  return entries;
}

const NO_SAMPLES: SampleColumns = { refs: new Uint32Array(0), times: new Float64Array(0), values: new Float64Array(0) };

function writeSamples({ refs, times, values }: SampleColumns, out: ByteWriter): void {
  out.varint(refs.length);
  let ref = 0;
  let at = 0;
  for (let i = 0; i < refs.length; i += 1) {
    out.svarint((refs[i] as number) - ref);
    out.svarint((times[i] as number) - at);
    ref = refs[i] as number;
    at = times[i] as number;
  }
  out.raw(bytesOf(values));
}

function readSamples(reader: ByteReader): SampleColumns & { readonly kind: 'samples' } {
  const count = reader.varint();
  if (count > RECORD_BYTES_MAX / 8) throw new RangeError(`a record has no ${count} samples`);
  const refs = new Uint32Array(count);
  const times = new Float64Array(count);
  reader.deltaPairs(refs, times);
  const values = new Float64Array(count);
  bytesOf(values).set(reader.raw(count * 8));
  return { kind: 'samples', refs, times, values };
}

/** Samples, then the histograms among them: how many, and each with its index. */
function writeColumns(columns: SampleColumns, out: ByteWriter): void {
  writeSamples(columns, out);
  const histograms = [...(columns.histograms ?? []).entries()];
  out.varint(histograms.filter(([, histogram]) => histogram !== undefined).length);
  for (const [index, histogram] of histograms) {
    if (histogram === undefined) continue;
    out.varint(index);
    writeHistogram(histogram, out);
  }
}

function readColumns(reader: ByteReader): SampleColumns {
  const columns = readSamples(reader);
  const histogramCount = reader.varint();
  if (histogramCount === 0) return columns;
  const histograms = Array.from<HistogramSample | undefined>({ length: columns.refs.length });
  for (let left = histogramCount; left > 0; left -= 1) {
    const index = reader.varint();
    if (index >= histograms.length) throw new RangeError(`a batch has no sample ${index}`);
    histograms[index] = readHistogram(reader);
  }
  return { ...columns, histograms };
}

function readDelete(reader: ByteReader): LogRecord {
  const [minAt, maxAt] = [reader.f64(), reader.f64()];
  const count = reader.varint();
  if (count > RECORD_BYTES_MAX) throw new RangeError(`a record has no ${count} series`);
  return { kind: 'delete', minAt, maxAt, refs: Uint32Array.from({ length: count }, () => reader.varint()) };
}

function writeExemplar({ ref, at, value, labels }: ExemplarEntry, out: ByteWriter): void {
  out.varint(ref);
  out.svarint(at);
  out.f64(value);
  const pairs = sortedLabels(labels);
  out.varint(pairs.length);
  for (const text of pairs.flat()) out.text(text);
}

function readExemplars(reader: ByteReader): ExemplarEntry[] {
  const exemplars: ExemplarEntry[] = [];
  for (let rest = reader.varint(); rest > 0; rest -= 1) {
    const [ref, at, value] = [reader.varint(), reader.svarint(), reader.f64()];
    const pairs: [string, string][] = [];
    for (let left = reader.varint(); left > 0; left -= 1) pairs.push([reader.text(), reader.text()]);
    exemplars.push({ ref, at, value, labels: labelsFromPairs(pairs) });
  }
  return exemplars;
}
