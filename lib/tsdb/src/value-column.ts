/** A column of float64 values as decimals with a few exceptions, or XOR, whichever is smaller. Every bit comes back. */
import { assert } from '@plumb/base';
import { bitsOf, type ByteReader, ByteWriter } from './bytes.ts';
import { fromDecimals, toDecimals } from './decimal.ts';
import { decodeIntegerColumn, encodeIntegerColumn } from './integer-column.ts';
import { decodeXorColumn, encodeXorColumn } from './xor-column.ts';

export const CODEC_DECIMAL = 1;
export const CODEC_XOR = 2;
/** Decimal values as narrow as this are never larger than XOR ones, so the XOR column is not tried. */
const DECIMAL_SURE_BYTES = 2;

export type EncodedValues = {
  readonly codec: number;
  readonly exponent: number;
  readonly exceptionCount: number;
  /** A multiple of 4. */
  readonly bytes: Uint8Array;
};

/** The smaller of the two encodings of the first `count` (>= 1) of `values`. */
export function chooseEncoding(values: Float64Array, count: number): EncodedValues {
  const decimal = encodeDecimals(values, count);
  const isSure = decimal !== undefined && decimal.bytes.length <= count * DECIMAL_SURE_BYTES;
  if (isSure) return decimal;
  const out = new ByteWriter(16 + count * 8);
  encodeXorColumn(values, count, out);
  if (decimal !== undefined && decimal.bytes.length <= out.size) return decimal;
  return { codec: CODEC_XOR, exponent: 0, exceptionCount: 0, bytes: out.view() };
}

/** Appends a column that says its own codec and length, to `out` at a multiple of 4. */
export function encodeValues(values: Float64Array, count: number, out: ByteWriter): void {
  const { codec, exponent, exceptionCount, bytes } = chooseEncoding(values, count);
  out.u8(codec);
  out.u8(exponent);
  out.u16(exceptionCount);
  out.u32(bytes.length);
  out.raw(bytes);
}

/** The inverse of `encodeValues`. @throws RangeError for bytes that are no column. */
export function decodeValues(reader: ByteReader, count: number, values: Float64Array): void {
  const codec = reader.u8();
  const exponent = reader.u8();
  const exceptionCount = reader.u8() + reader.u8() * 256;
  const end = reader.u32() + reader.offset;
  const encoded = { codec, exponent, exceptionCount, count };
  decodeEncoding(reader, encoded, values, 0);
  reader.offset = end;
}

/** Reads a column of `chooseEncoding` into `values` from `from`. */
export function decodeEncoding(
  reader: ByteReader,
  { codec, exponent, exceptionCount, count }: Omit<EncodedValues, 'bytes'> & { readonly count: number },
  values: Float64Array,
  from: number,
): void {
  if (codec === CODEC_XOR) {
    decodeXorColumn(reader.rest(), count, values, from);
  } else if (codec === CODEC_DECIMAL) {
    decodeIntegerColumn(reader, count, values, from);
    fromDecimals(values, exponent, from, from + count);
    if (exceptionCount > 0) readExceptions(reader, exceptionCount, values.subarray(from, from + count));
  } else {
    throw new RangeError(`codec ${codec} is unknown`);
  }
}

function encodeDecimals(values: Float64Array, count: number): EncodedValues | undefined {
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
  assert(out.size % 4 === 0, 'a column is whole words');
  return { codec: CODEC_DECIMAL, exponent, exceptionCount: exceptions.length, bytes: out.view() };
}

function readExceptions(reader: ByteReader, count: number, values: Float64Array): void {
  const bits = bitsOf(values);
  for (let i = 0; i < count; i += 1) {
    const index = reader.u32();
    bits[2 * index] = reader.u32();
    bits[2 * index + 1] = reader.u32();
  }
}
