/** How the records of a backup follow each other in its file. */
import { crc32 } from 'node:zlib';
import type { EngineWrite } from './kv-engine.ts';

export const BACKUP_VERSION = 1;
/** The key of the last record. */
export const BACKUP_END = 'end';

const MAGIC = 'plumb-kv';
/** Magic, version, checksum of both. */
export const HEADER_SIZE_BYTES = 8 + 4 + 4;
/** Size of the key, size of the value, checksum of both: a damaged size is found before it is believed. */
export const FRAME_HEAD_SIZE_BYTES = 4 + 4 + 4;

export function formatHeader(version: number): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE_BYTES);
  bytes.write(MAGIC);
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
  return bytes;
}

/** The version; undefined when it is no header, or damaged. */
export function parseHeader(bytes: Buffer): number | undefined {
  const isWhole = bytes.toString('latin1', 0, 8) === MAGIC && bytes.readUInt32LE(12) === crc32(bytes.subarray(0, 12));
  return isWhole ? bytes.readUInt32LE(8) : undefined;
}

export function formatFrame({ key, value = new Uint8Array() }: EngineWrite): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_SIZE_BYTES);
  head.writeUInt32LE(key.length, 0);
  head.writeUInt32LE(value.length, 4);
  head.writeUInt32LE(crc32(head.subarray(0, 8)), 8);
  return Buffer.concat([head, key, value]);
}

/** The sizes; undefined when they are damaged. */
export function parseFrameHead(bytes: Buffer): { readonly keySize: number; readonly valueSize: number } | undefined {
  if (bytes.readUInt32LE(8) !== crc32(bytes.subarray(0, 8))) return undefined;
  return { keySize: bytes.readUInt32LE(0), valueSize: bytes.readUInt32LE(4) };
}
