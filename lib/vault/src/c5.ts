export { type C5Decryptor, type C5Encrypted, C5KeyStore } from './c5-key-store.ts';
export { C5_SEGMENT, type C5Type, holdC5Secrets, parseC5Encrypted, readC5Bytes } from './c5-value.ts';
export { decryptEciesX25519, encryptEciesX25519, parseX25519Pem } from './ecies-x25519.ts';
