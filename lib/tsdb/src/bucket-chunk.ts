/** Buckets of one series as bytes: a chunk whose columns are the parts of the aggregates. Drawn in docs/formats/tsdb.md. */
import { OperatingError } from '@plumb/base';
import type { Bucket } from './aggregate.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { CHUNK_SAMPLES_MAX } from './chunk.ts';
import type { SealedChunk } from './head-series.ts';
import { decodeIntegerColumn, encodeIntegerColumn } from './integer-column.ts';
import { decodeValues, encodeValues } from './value-column.ts';

const CODEC_BUCKETS = 4;
const HEADER_BYTES = 8;
const VALUE_PARTS = ['count', 'sum', 'min', 'max', 'first', 'last', 'increase'] as const;

/** Chunks of at most `CHUNK_SAMPLES_MAX` buckets each; their times are the ends. */
export function sealBuckets(buckets: readonly Bucket[]): SealedChunk[] {
  const chunks: SealedChunk[] = [];
  for (let start = 0; start < buckets.length; start += CHUNK_SAMPLES_MAX) {
    const run = buckets.slice(start, start + CHUNK_SAMPLES_MAX);
    const [minAt, maxAt] = [(run[0] as Bucket).endAt, (run.at(-1) as Bucket).endAt];
    chunks.push({ minAt, maxAt, count: run.length, bytes: encode(run) });
  }
  return chunks;
}

/** @throws OperatingError `internal` for bytes that are no such chunk. */
export function openBuckets({ bytes, count }: SealedChunk): Bucket[] {
  try {
    return decode(bytes, count);
  } catch (error) {
    throw new OperatingError('internal', 'a chunk of buckets cannot be decoded', { cause: error });
  }
}

function encode(buckets: readonly Bucket[]): Uint8Array<ArrayBuffer> {
  const count = buckets.length;
  const out = new ByteWriter(HEADER_BYTES + count * 32);
  out.u8(CODEC_BUCKETS);
  out.u8(0);
  out.u16(count);
  out.u32(0);
  for (const part of [
    ({ endAt }: Bucket) => endAt,
    ({ endAt, firstAt }: Bucket) => endAt - firstAt,
    ({ endAt, lastAt }: Bucket) => endAt - lastAt,
  ])
    encodeIntegerColumn(Float64Array.from(buckets, part), count, out);
  for (const part of VALUE_PARTS)
    encodeValues(
      Float64Array.from(buckets, (bucket) => bucket[part]),
      count,
      out,
    );
  return out.copy();
}

function decode(bytes: Uint8Array, count: number): Bucket[] {
  const ownCount = (bytes[2] ?? 0) + (bytes[3] ?? 0) * 256;
  if (bytes[0] !== CODEC_BUCKETS || ownCount !== count) throw new RangeError(`no chunk of ${count} buckets`);
  const reader = new ByteReader(bytes, HEADER_BYTES);
  const column = (decodeInto: (numbers: Float64Array) => void): Float64Array => {
    const numbers = new Float64Array(count);
    decodeInto(numbers);
    return numbers;
  };
  const [ends, firsts, lasts] = [1, 2, 3].map(() =>
    column((numbers) => decodeIntegerColumn(reader, count, numbers, 0)),
  ) as [Float64Array, Float64Array, Float64Array];
  const parts = VALUE_PARTS.map((name) => [name, column((numbers) => decodeValues(reader, count, numbers))] as const);
  return Array.from(ends, (endAt, i) => {
    const values = Object.fromEntries(parts.map(([name, numbers]) => [name, numbers[i] as number]));
    const times = { endAt, firstAt: endAt - (firsts[i] as number), lastAt: endAt - (lasts[i] as number) };
    return { ...(values as Pick<Bucket, (typeof VALUE_PARTS)[number]>), ...times };
  });
}
