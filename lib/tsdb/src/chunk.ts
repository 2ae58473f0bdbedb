/**
 * A sealed run of samples of one series as bytes: a column of times and a column of values. Values are decimal with a few
 * exceptions, or XOR, whichever is smaller; every float64 comes back with the same bits, NaN payloads included.
 * The format is drawn in docs/formats/tsdb.md. Checksums are the container's part (log record, block index).
 */
import { assert, OperatingError } from '@plumb/base';
import { bitsOf, ByteReader, ByteWriter } from './bytes.ts';
import { fromDecimals, toDecimals } from './decimal.ts';
import { decodeIntegerColumn, encodeIntegerColumn } from './integer-column.ts';
import { decodeXorColumn, encodeXorColumn } from './xor-column.ts';

/** Samples in one chunk: 17 minutes at a sample a second, 4 hours at 15 s. Longer ones would save under 1 % more. */
export const CHUNK_SAMPLES_MAX = 1_024;

/** Two columns of one length: epoch ms, ascending, and values. */
export type Columns = { readonly times: Float64Array; readonly values: Float64Array };

const CODEC_DECIMAL = 1;
const CODEC_XOR = 2;
const HEADER_BYTES = 8;
/** Decimal values as narrow as this are never larger than XOR ones, so the XOR column is not tried. */
const DECIMAL_SURE_BYTES = 2;

/** Encodes 1 to `CHUNK_SAMPLES_MAX` samples. The result is a multiple of 4 bytes and owns its memory. */
export function encodeChunk({ times, values }: Columns): Uint8Array<ArrayBuffer> {
  const count = times.length;
  assert(count >= 1 && count <= CHUNK_SAMPLES_MAX && values.length === count, 'a chunk has 1 to 1,024 samples');
  const out = new ByteWriter(HEADER_BYTES + count * 4);
  out.raw(new Uint8Array(HEADER_BYTES));
  encodeIntegerColumn(times, count, out);
  const timesEnd = out.size;

  const decimal = encodeDecimals(values, count);
  const isSure = decimal !== undefined && decimal.bytes.length <= count * DECIMAL_SURE_BYTES;
  const xor = isSure ? undefined : encodeXor(values, count);
  const isDecimal = decimal !== undefined && (xor === undefined || decimal.bytes.length <= xor.length);
  const chosen = isDecimal ? decimal.bytes : xor;
  assert(chosen !== undefined, 'one of the codecs is chosen');
  out.raw(chosen);

  const header = new DataView(out.view().buffer);
  header.setUint8(0, isDecimal ? CODEC_DECIMAL : CODEC_XOR);
  header.setUint8(1, isDecimal ? decimal.exponent : 0);
  header.setUint16(2, count, true);
  header.setUint16(4, isDecimal ? decimal.exceptionCount : 0, true);
  header.setUint16(6, timesEnd / 4, true);
  return out.copy();
}

/** The inverse of `encodeChunk`, into fresh arrays. @throws OperatingError `internal` for bytes that are not a chunk. */
export function decodeChunk(bytes: Uint8Array): Columns {
  const count = Math.min(CHUNK_SAMPLES_MAX, (bytes[2] ?? 0) + (bytes[3] ?? 0) * 256);
  const columns = { times: new Float64Array(count), values: new Float64Array(count) };
  decodeChunkInto(bytes, count, columns, 0);
  return columns;
}

/**
 * Decodes a chunk of `count` samples into columns that have room for them from `from`: one pair of arrays for many chunks,
 * since making an array costs as much as decoding a hundred samples.
 * @throws OperatingError `internal` for bytes that are not a chunk of `count` samples.
 */
export function decodeChunkInto(bytes: Uint8Array, count: number, columns: Columns, from: number): void {
  try {
    decode(bytes, count, columns, from);
  } catch (error) {
    throw new OperatingError('internal', 'a chunk of samples cannot be decoded', { cause: error });
  }
}

function decode(bytes: Uint8Array, count: number, { times, values }: Columns, from: number): void {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const codec = header.getUint8(0);
  const exponent = header.getUint8(1);
  const exceptionCount = header.getUint16(4, true);
  const valuesStart = header.getUint16(6, true) * 4;
  const ownCount = header.getUint16(2, true);
  if (ownCount !== count || count === 0) throw new RangeError(`a chunk has ${ownCount} samples instead of ${count}`);

  decodeIntegerColumn(new ByteReader(bytes, HEADER_BYTES), count, times, from);
  if (codec === CODEC_XOR) {
    decodeXorColumn(bytes.subarray(valuesStart), count, values, from);
  } else if (codec === CODEC_DECIMAL) {
    const reader = new ByteReader(bytes, valuesStart);
    decodeIntegerColumn(reader, count, values, from);
    fromDecimals(values, exponent, from, from + count);
    if (exceptionCount > 0) readExceptions(reader, exceptionCount, values.subarray(from, from + count));
  } else {
    throw new RangeError(`codec ${codec} is unknown`);
  }
}

type DecimalColumn = { readonly bytes: Uint8Array; readonly exponent: number; readonly exceptionCount: number };

function encodeDecimals(values: Float64Array, count: number): DecimalColumn | undefined {
  const decimals = toDecimals(values, count);
  if (decimals === undefined) return undefined;
  const { exponent, numbers, exceptions } = decimals;
  const out = new ByteWriter(64 + count * 2);
  encodeIntegerColumn(numbers, count, out);
  const bits = bitsOf(values);
  for (const index of exceptions) {
    out.u32(index);
    out.u32(bits[2 * index] as number);
    out.u32(bits[2 * index + 1] as number);
  }
  return { bytes: out.view(), exponent, exceptionCount: exceptions.length };
}

function readExceptions(reader: ByteReader, count: number, values: Float64Array): void {
  const bits = bitsOf(values);
  for (let i = 0; i < count; i += 1) {
    const index = reader.u32();
    bits[2 * index] = reader.u32();
    bits[2 * index + 1] = reader.u32();
  }
}

function encodeXor(values: Float64Array, count: number): Uint8Array {
  const out = new ByteWriter(16 + count * 8);
  encodeXorColumn(values, count, out);
  return out.view();
}
