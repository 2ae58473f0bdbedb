/**
 * Values encrypted as SOPS does: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`, AES-256-GCM with an IV of 32 bytes and the
 * path of the value, `a:b:`, as associated data. The type beside the ciphertext is not authenticated.
 */
import { OperatingError } from '@plumb/base';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { decodeBase64, encodeBase64 } from '../base64.ts';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 32;
/** Others wrote 12. */
const IV_BYTES_MIN = 12;
const IV_BYTES_MAX = 64;
const TAG_BYTES = 16;
export const DATA_KEY_BYTES = 32;

export type SopsCiphertext = {
  readonly data: Uint8Array;
  readonly iv: Uint8Array;
  readonly tag: Uint8Array;
  readonly type: string;
};

/** The parts of an encrypted value; undefined for anything else, also for one that is damaged. */
export function parseCiphertext(text: string): SopsCiphertext | undefined {
  const match = /^ENC\[AES256_GCM,data:([^,]*),iv:([^,]*),tag:([^,]*),type:([a-z]+)\]$/.exec(text);
  const [data, iv, tag] = match?.slice(1, 4).map(decodeBase64) ?? [];
  const type = match?.[4];
  if (data === undefined || iv === undefined || tag === undefined || type === undefined) return undefined;
  const isIv = iv.length >= IV_BYTES_MIN && iv.length <= IV_BYTES_MAX;
  return isIv && tag.length === TAG_BYTES ? { data, iv, tag, type } : undefined;
}

/** Encrypts with a random IV, or with one that was used for the same bytes at the same path. */
export function encryptSopsBytes(
  bytes: Uint8Array,
  {
    type,
    path,
    dataKey,
    iv = randomBytes(IV_BYTES),
  }: { readonly type: string; readonly path: string; readonly dataKey: Uint8Array; readonly iv?: Uint8Array },
): string {
  const cipher = createCipheriv(CIPHER, dataKey, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(path));
  const data = Buffer.concat([cipher.update(bytes), cipher.final()]);
  const parts = [data, iv, cipher.getAuthTag()].map(encodeBase64);
  return `ENC[AES256_GCM,data:${parts[0]},iv:${parts[1]},tag:${parts[2]},type:${type}]`;
}

/** @throws OperatingError `invalid` when it was changed, moved to another path, or is of another key. */
export function decryptSopsBytes(
  { data, iv, tag }: SopsCiphertext,
  { path, dataKey }: { readonly path: string; readonly dataKey: Uint8Array },
): Uint8Array {
  const decipher = createDecipheriv(CIPHER, dataKey, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(path));
  decipher.setAuthTag(tag);
  try {
    return Uint8Array.from(Buffer.concat([decipher.update(data), decipher.final()]));
  } catch {
    throw new OperatingError('invalid', 'the value was changed, or moved here from another key: restore the file');
  }
}
