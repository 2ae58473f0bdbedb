export { CBOR_DEPTH_MAX, CborEncoder } from './cbor-encoder.ts';
export { decodeCbor, decodeCborSequence } from './decode-cbor.ts';
