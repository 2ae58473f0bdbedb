/**
 * The bytes of a record, as `docs/formats/kv.md` draws them. Every value but the format's version begins with a
 * checksum over key and body, so that a damaged or misplaced record is found when it is read, and named.
 */
import { crc32 } from 'node:zlib';
import { OperatingError } from '@plumb/base';
import type { EngineRecord, EngineWrite } from './kv-engine.ts';
import type { Entry, Key, Lease } from './kv.ts';

/** Grows when a reader of the earlier version would misread the records. */
export const FORMAT_VERSION = 1;

/** Key spaces, in the order in which they are loaded: the version comes first, then leases, then entries. */
const META = '0';
const LEASE = '1';
const ENTRY = '2';

const CHECKSUM_SIZE_BYTES = 4;
/** createRevision, modRevision, size of the lease's id. */
const ENTRY_HEAD_SIZE_BYTES = 8 + 8 + 2;

export type StoredRecord =
  | { readonly kind: 'format'; readonly version: number }
  | { readonly kind: 'revision'; readonly revision: number }
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'entry'; readonly entry: Entry };

export function formatVersion(version: number): EngineWrite {
  return { key: Buffer.from(`${META}format`), value: Buffer.from(String(version)) };
}

export function formatRevision(revision: number): EngineWrite {
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(BigInt(revision));
  return seal(`${META}revision`, [body]);
}

/** The record of a lease, or its deletion. */
export function formatLease(leaseId: string, lease: Lease | undefined): EngineWrite {
  const key = `${LEASE}${leaseId}`;
  if (lease === undefined) return { key: Buffer.from(key), value: undefined };
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(BigInt(lease.ttlMs));
  return seal(key, [body]);
}

/** The record of an entry, or its deletion. */
export function formatEntry(key: Key, entry: Entry | undefined): EngineWrite {
  if (entry === undefined) return { key: Buffer.from(`${ENTRY}${key}`), value: undefined };
  const leaseId = Buffer.from(entry.leaseId ?? '');
  const head = Buffer.alloc(ENTRY_HEAD_SIZE_BYTES);
  head.writeBigUInt64LE(BigInt(entry.createRevision), 0);
  head.writeBigUInt64LE(BigInt(entry.modRevision), 8);
  head.writeUInt16LE(leaseId.length, 16);
  return seal(`${ENTRY}${key}`, [head, leaseId, entry.value]);
}

/** @throws OperatingError `internal` that names the record when its bytes are damaged or unknown. */
export function parseRecord(record: EngineRecord): StoredRecord {
  const name = Buffer.from(record.key.buffer, record.key.byteOffset, record.key.length).toString();
  const key = name.slice(1);
  if (name === `${META}format`) {
    const version = Number(Buffer.from(record.value).toString());
    if (Number.isSafeInteger(version)) return { kind: 'format', version };
    throw damaged(name, 'its version is not a number');
  }

  const body = unseal(name, record);
  if (name === `${META}revision`) return { kind: 'revision', revision: readU64(name, body, 0) };
  if (name.startsWith(LEASE)) return { kind: 'lease', lease: { leaseId: key, ttlMs: readU64(name, body, 0) } };
  if (!name.startsWith(ENTRY)) throw damaged(name, 'it is of an unknown kind');

  const createRevision = readU64(name, body, 0);
  const modRevision = readU64(name, body, 8);
  if (body.length < ENTRY_HEAD_SIZE_BYTES) throw damaged(name, 'it is cut short');
  const valueStart = ENTRY_HEAD_SIZE_BYTES + body.readUInt16LE(16);
  if (body.length < valueStart) throw damaged(name, 'it is cut short');
  // Copied: a view would keep the engine's whole buffer alive.
  const value = new Uint8Array(body.subarray(valueStart));
  const leaseId = body.toString('utf8', ENTRY_HEAD_SIZE_BYTES, valueStart);
  const entry = { key, value, createRevision, modRevision, ...(leaseId === '' ? {} : { leaseId }) };
  return { kind: 'entry', entry };
}

function seal(name: string, parts: readonly Uint8Array[]): EngineWrite {
  const key = Buffer.from(name);
  const value = Buffer.concat([Buffer.alloc(CHECKSUM_SIZE_BYTES), ...parts]);
  value.writeUInt32LE(checksum(key, value.subarray(CHECKSUM_SIZE_BYTES)));
  return { key, value };
}

function unseal(name: string, { key, value }: EngineRecord): Buffer {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (bytes.length < CHECKSUM_SIZE_BYTES) throw damaged(name, 'it is cut short');
  const body = bytes.subarray(CHECKSUM_SIZE_BYTES);
  if (bytes.readUInt32LE() !== checksum(key, body)) throw damaged(name, 'its checksum does not match its bytes');
  return body;
}

function checksum(key: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(key));
}

function readU64(name: string, body: Buffer, offset: number): number {
  if (body.length < offset + 8) throw damaged(name, 'it is cut short');
  return Number(body.readBigUInt64LE(offset));
}

function damaged(name: string, why: string): OperatingError {
  const what = name.startsWith(ENTRY) ? `the entry "${name.slice(1)}"` : `the record "${name}"`;
  const todo = 'restore the data directory from a backup';
  return new OperatingError('internal', `${what} of the store is damaged: ${why}; ${todo}`);
}
