/** The part of libsodium that CURVE needs. All buffers are the caller's; results are written into the first. */
declare module 'sodium-native' {
  type Bytes = Uint8Array;
  type Sodium = {
    readonly crypto_box_keypair: (publicKey: Bytes, secretKey: Bytes) => void;
    readonly crypto_scalarmult: (shared: Bytes, secretKey: Bytes, publicKey: Bytes) => void;
    readonly crypto_scalarmult_base: (publicKey: Bytes, secretKey: Bytes) => void;
    readonly crypto_secretbox_easy: (box: Bytes, plain: Bytes, nonce: Bytes, key: Bytes) => void;
    readonly crypto_secretbox_open_easy: (plain: Bytes, box: Bytes, nonce: Bytes, key: Bytes) => boolean;
    readonly crypto_box_easy: (box: Bytes, plain: Bytes, nonce: Bytes, publicKey: Bytes, secretKey: Bytes) => void;
    readonly randombytes_buf: (target: Bytes) => void;
    readonly sodium_memcmp: (a: Bytes, b: Bytes) => boolean;
  };
  const sodium: Sodium;
  export default sodium;
}
