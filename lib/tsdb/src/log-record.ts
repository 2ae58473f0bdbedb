/**
 * The records of the write-ahead log and of checkpoints, as bytes. Drawn in docs/formats/tsdb.md.
 *
 * A frame is length, CRC-32 and payload, so a torn or flipped tail is seen; a payload is one record. A batch of samples is
 * one record: after a crash a whole scrape is there or none of it.
 */
import { crc32 } from 'node:zlib';
import { ByteReader, type ByteWriter, bytesOf } from './bytes.ts';
import type { SealedChunk } from './head-series.ts';
import { type Labels, labelsFromPairs, sortedLabels } from './labels.ts';

export type SeriesEntry = { readonly ref: number; readonly labels: Labels };

export type LogRecord =
  | { readonly kind: 'series'; readonly entries: readonly SeriesEntry[] }
  | {
      readonly kind: 'samples';
      readonly refs: Uint32Array;
      readonly times: Float64Array;
      readonly values: Float64Array;
    }
  | { readonly kind: 'chunk'; readonly ref: number; readonly chunk: SealedChunk };

const KIND_SERIES = 1;
const KIND_SAMPLES = 2;
const KIND_CHUNK = 3;
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
      out.u8(KIND_SAMPLES);
      writeSamples(record, out);
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

type Samples = Extract<LogRecord, { kind: 'samples' }>;

function writeSamples({ refs, times, values }: Samples, out: ByteWriter): void {
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

function readSamples(reader: ByteReader): Samples {
  const count = reader.varint();
  if (count > RECORD_BYTES_MAX / 8) throw new RangeError(`a record has no ${count} samples`);
  const refs = new Uint32Array(count);
  const times = new Float64Array(count);
  let ref = 0;
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    ref += reader.svarint();
    at += reader.svarint();
    refs[i] = ref;
    times[i] = at;
  }
  const values = new Float64Array(count);
  bytesOf(values).set(reader.raw(count * 8));
  return { kind: 'samples', refs, times, values };
}
