/**
 * A list of ascending whole numbers (which series have a label's value) as bytes: gaps as varints, or runs of neighbours where
 * that is shorter. Series are numbered in order of their labels, so the series of a metric are one run: four bytes.
 */
import type { ByteReader, ByteWriter } from './bytes.ts';

/** Appends `list`, ascending and without repeats, to `out`. */
export function encodePostings(list: ArrayLike<number>, out: ByteWriter): void {
  const count = list.length;
  let runCount = 0;
  for (let i = 0; i < count; i += 1) if (i === 0 || (list[i] as number) !== (list[i - 1] as number) + 1) runCount += 1;
  const isRuns = runCount * 2 < count;
  out.varint(count * 2 + (isRuns ? 1 : 0));
  let next = 0;
  for (let i = 0; i < count;) {
    const first = list[i] as number;
    out.varint(first - next);
    let length = 1;
    if (isRuns) {
      while (i + length < count && list[i + length] === first + length) length += 1;
      out.varint(length - 1);
    }
    next = first + length;
    i += length;
  }
}

/** The inverse of `encodePostings`. @throws RangeError when the bytes end too early or name a number beyond `countMax`. */
export function decodePostings(reader: ByteReader, countMax: number): Uint32Array {
  const head = reader.varint();
  const isRuns = head % 2 === 1;
  const count = (head - (isRuns ? 1 : 0)) / 2;
  if (count > countMax) throw new RangeError(`a list names ${count} of ${countMax} series`);
  const list = new Uint32Array(count);
  let next = 0;
  for (let i = 0; i < count;) {
    const first = next + reader.varint();
    const length = isRuns ? reader.varint() + 1 : 1;
    next = first + length;
    if (next > countMax || i + length > count) throw new RangeError(`series ${next - 1} of ${countMax} is named`);
    for (let number = first; number < next; number += 1) list[i++] = number;
  }
  return list;
}
