/**
 * The bytes of a record, as `docs/formats/kv.md` draws them. Every value but the format's version is sealed. Reads formats
 * 1 and 2, writes 2.
 */
import { entryBodySizeMax, readEntry, writeEntry } from './entry-body.ts';
import { parseHistory, type StoredHistory } from './history-record.ts';
import type { EngineRecord, EngineWrite } from './kv-engine.ts';
import type { Entry, Key, Lease } from './kv.ts';
import { RecordWriter } from './record-writer.ts';
import { damagedError, RecordReader, unseal } from './sealed-record.ts';

/** Grows when a reader of the earlier version would misread the records. */
export const FORMAT_VERSION = 2;
/** The oldest that can be read: its entries have no version, and it has no history. */
export const FORMAT_VERSION_MIN = 1;

/** Key spaces, in the order in which they are loaded. */
const META = '0';
const LEASE = '1';
const ENTRY = '2';
const HISTORY = '3';

export type StoredRecord =
  | { readonly kind: 'format'; readonly version: number }
  /** `oldestRevision` is undefined in format 1. */
  | { readonly kind: 'revision'; readonly revision: number; readonly oldestRevision: number | undefined }
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'entry'; readonly entry: Entry }
  | ({ readonly kind: 'history' } & StoredHistory);

export function formatVersion(version: number): EngineWrite {
  return { key: Buffer.from(`${META}format`), value: Buffer.from(String(version)) };
}

/** The revision of the store, and the first of its history. */
export function formatRevision(revision: number, oldestRevision: number): EngineWrite {
  const writer = new RecordWriter(`${META}revision`, 16);
  writer.u64(revision);
  writer.u64(oldestRevision);
  return writer.finish();
}

/** The record of a lease, or its deletion. */
export function formatLease(leaseId: string, lease: Lease | undefined): EngineWrite {
  const name = `${LEASE}${leaseId}`;
  if (lease === undefined) return { key: Buffer.from(name), value: undefined };
  const writer = new RecordWriter(name, 8);
  writer.u64(lease.ttlMs);
  return writer.finish();
}

/** The record of an entry, or its deletion. */
export function formatEntry(key: Key, entry: Entry | undefined): EngineWrite {
  const name = `${ENTRY}${key}`;
  if (entry === undefined) return { key: Buffer.from(name), value: undefined };
  const writer = new RecordWriter(name, entryBodySizeMax(entry));
  writeEntry(writer, entry);
  return writer.finish();
}

/** @throws OperatingError `internal` that names the record when its bytes are damaged or unknown. */
export function parseRecord(record: EngineRecord): StoredRecord {
  const name = Buffer.from(record.key.buffer, record.key.byteOffset, record.key.length).toString();
  const key = name.slice(1);
  if (name === `${META}format`) {
    const version = Number(Buffer.from(record.value).toString());
    if (Number.isSafeInteger(version)) return { kind: 'format', version };
    throw damagedError(name, 'its version is not a number');
  }

  const reader = new RecordReader(name, unseal(name, record));
  if (name === `${META}revision`) {
    return { kind: 'revision', revision: reader.u64(), oldestRevision: reader.restSize > 0 ? reader.u64() : undefined };
  }
  switch (name.slice(0, 1)) {
    case LEASE:
      return { kind: 'lease', lease: { leaseId: key, ttlMs: reader.u64() } };
    case ENTRY:
      return { kind: 'entry', entry: readEntry(key, reader) };
    case HISTORY:
      return { kind: 'history', ...parseHistory(name, reader) };
    default:
      throw damagedError(name, 'it is of an unknown kind');
  }
}
