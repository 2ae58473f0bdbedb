/**
 * A key of Consul's KV as the store keeps it: `consul/kv/KEY`, and `consul/lock/SESSION/KEY` while a session holds it.
 *
 * Format of a value, version 1: a byte of version, flags (64 bits), lock index (64 bits), all big-endian; a byte with the
 * length of the session's id, the id as UTF-8; then the value's own bytes.
 */
import { OperatingError } from '@plumb/base';
import type { Entry } from '@plumb/kv';

export const KV_PREFIX = 'consul/kv/';
export const LOCK_PREFIX = 'consul/lock/';

const VERSION = 1;
const SESSION_LENGTH_AT = 17;
const SESSION_AT = 18;

export type KvContent = {
  readonly value: Uint8Array;
  /** 64 bits that mean something to whoever put them; clients in Go use all of them. */
  readonly flags: bigint;
  /** How often the key was locked. */
  readonly lockIndex: number;
  /** Who holds the lock. */
  readonly session: string | undefined;
};

export type KvRecord = KvContent & {
  readonly key: string;
  readonly createIndex: number;
  readonly modifyIndex: number;
};

export function storeKeyOf(key: string): string {
  return `${KV_PREFIX}${key}`;
}

export function lockKeyOf(session: string, key: string): string {
  return `${LOCK_PREFIX}${session}/${key}`;
}

export function encodeContent({ value, flags, lockIndex, session = '' }: KvContent): Uint8Array {
  const id = Buffer.from(session);
  const bytes = Buffer.allocUnsafe(SESSION_AT + id.length + value.length);
  bytes.writeUInt8(VERSION, 0);
  bytes.writeBigUInt64BE(flags, 1);
  bytes.writeBigUInt64BE(BigInt(lockIndex), 9);
  bytes.writeUInt8(id.length, SESSION_LENGTH_AT);
  bytes.set(id, SESSION_AT);
  bytes.set(value, SESSION_AT + id.length);
  return bytes;
}

/** The value is a view of the entry's. @throws OperatingError `internal` for what is not in the format. */
export function decodeRecord(entry: Entry): KvRecord {
  const { buffer, byteOffset, byteLength } = entry.value;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  if (bytes.length < SESSION_AT || bytes[0] !== VERSION) {
    throw new OperatingError('internal', `the value of "${entry.key}" has no format that is known: delete the key`);
  }
  const valueAt = SESSION_AT + bytes.readUInt8(SESSION_LENGTH_AT);
  return {
    key: entry.key.slice(KV_PREFIX.length),
    value: bytes.subarray(valueAt),
    flags: bytes.readBigUInt64BE(1),
    lockIndex: Number(bytes.readBigUInt64BE(9)),
    session: valueAt === SESSION_AT ? undefined : bytes.toString('utf8', SESSION_AT, valueAt),
    createIndex: entry.createRevision,
    modifyIndex: entry.modRevision,
  };
}

export function isSameContent(a: KvContent, b: KvContent): boolean {
  return (
    a.flags === b.flags &&
    a.lockIndex === b.lockIndex &&
    a.session === b.session &&
    Buffer.compare(a.value, b.value) === 0
  );
}

/** What Consul's JSON has of a key. An empty value is null, as Go writes an absent one. */
export function kvJson({ key, value, flags, lockIndex, session, createIndex, modifyIndex }: KvRecord): object {
  return {
    LockIndex: lockIndex,
    Key: key,
    Flags: jsonInteger(flags),
    Value: value.length === 0 ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
    ...(session === undefined ? {} : { Session: session }),
    CreateIndex: createIndex,
    ModifyIndex: modifyIndex,
  };
}

/** `JSON.rawJSON` of ECMAScript 2026, which the types do not know. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => object };

/** A number where that is exact, and else its digits, which JSON can hold and JavaScript's numbers cannot. */
function jsonInteger(value: bigint): number | object {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : rawJSON(String(value));
}
