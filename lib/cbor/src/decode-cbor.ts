import { CborDecoder } from './cbor-decoder.ts';

/** The one value in `bytes`. Whoever reads many keeps a `CborDecoder`, which is faster. @throws OperatingError `invalid`. */
export function decodeCbor(bytes: Uint8Array): unknown {
  return new CborDecoder().decode(bytes);
}

/** The values of a CBOR sequence (RFC 8742), in order. @throws OperatingError `invalid`. */
export function decodeCborSequence(bytes: Uint8Array): unknown[] {
  return new CborDecoder().decodeSequence(bytes);
}
