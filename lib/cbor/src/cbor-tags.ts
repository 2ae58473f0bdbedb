/** The tags that are written and read, each in the IANA registry of CBOR tags: nothing of our own. */
export const TAG = {
  /** RFC 8949, 3.4: a date as text, a date as seconds, big integers. */
  dateText: 0,
  dateSeconds: 1,
  bigInt: 2,
  negativeBigInt: 3,
  /** https://github.com/input-output-hk/cbor-sets-spec */
  set: 258,
  /** https://github.com/shanewholloway/js-cbor-codec: a map whose keys are of any type. */
  map: 259,
  /** RFC 8949, 3.4.6: "this is CBOR", which says nothing about the value. */
  selfDescribed: 55_799,
  /**
   * RFC 9277, appendix B: the tag of content format 257, which is `application/concise-problem-details+cbor` (RFC 9290).
   * `0x63740101 + floor(257 / 255) * 256 + 257 % 255`.
   */
  problemDetails: 1_668_547_075,
} as const;

/** Keys of concise problem details (RFC 9290, 2): the kind of error, and what happened. Others are names of maps. */
export const PROBLEM = { title: -1, detail: -2, more: 'error' } as const;

type TypedArrayConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (buffer: ArrayBuffer): ArrayBufferView;
};

/** `isSwapped`: the bytes are in the order that this machine does not use. */
export type TypedArrayType = { readonly type: TypedArrayConstructor; readonly isSwapped: boolean };

/** RFC 8746, 2.1: the tag says the type, the sign and the byte order of the numbers in a byte string. */
const TYPED_ARRAYS: readonly (readonly [TypedArrayConstructor, bigEndian: number, littleEndian: number])[] = [
  [Uint8ClampedArray, 68, 68],
  [Uint16Array, 65, 69],
  [Uint32Array, 66, 70],
  [BigUint64Array, 67, 71],
  [Int8Array, 72, 72],
  [Int16Array, 73, 77],
  [Int32Array, 74, 78],
  [BigInt64Array, 75, 79],
  [Float16Array, 80, 84],
  [Float32Array, 81, 85],
  [Float64Array, 82, 86],
];

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const TAG_BY_NAME: ReadonlyMap<string, number> = new Map(
  TYPED_ARRAYS.map(([type, big, little]) => [type.name, IS_LITTLE_ENDIAN ? little : big]),
);
const TYPE_BY_TAG: ReadonlyMap<number, TypedArrayType> = new Map<number, TypedArrayType>([
  [64, { type: Uint8Array, isSwapped: false }],
  ...TYPED_ARRAYS.flatMap(([type, big, little]) => [
    [big, { type, isSwapped: IS_LITTLE_ENDIAN && big !== little }] as const,
    [little, { type, isSwapped: !IS_LITTLE_ENDIAN && big !== little }] as const,
  ]),
]);

/** The tag under which the memory of `view` is written as it is; undefined for a `DataView` and a `Uint8Array`. */
export function typedArrayTag(view: ArrayBufferView): number | undefined {
  return TAG_BY_NAME.get((view as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? '');
}

export function typedArrayType(tag: number): TypedArrayType | undefined {
  return TYPE_BY_TAG.get(tag);
}

/** `bytes` becomes the memory of what is returned, so it must be a buffer of its own. Undefined where it ends within a number. */
export function typedArrayOf(
  { type, isSwapped }: TypedArrayType,
  bytes: Uint8Array<ArrayBuffer>,
): ArrayBufferView | undefined {
  if (bytes.length % type.BYTES_PER_ELEMENT !== 0) return undefined;
  if (isSwapped) swapBytes(bytes, type.BYTES_PER_ELEMENT);
  return new type(bytes.buffer);
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size) bytes.subarray(start, start + size).reverse();
}
