export { CborBatch, type CborBatchOptions } from './cbor-batch.ts';
export { CborDecoder, type CborDecoderOptions } from './cbor-decoder.ts';
export { CborEncoder } from './cbor-encoder.ts';
export { decodeCbor, decodeCborSequence } from './decode-cbor.ts';
export { PLAIN_DEPTH_MAX as CBOR_DEPTH_MAX } from './plain-limits.ts';
