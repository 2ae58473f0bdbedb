/**
 * The bytes of a record, as `docs/formats/kv.md` draws them. Every value but the format's version is sealed. Reads formats
 * 1 and 2, writes 2.
 */
import { type CopyBytes, entryBodySizeMax, readEntry, writeEntry } from './entry-body.ts';
import { parseHistory, type StoredHistory } from './history-record.ts';
import type { EngineRecord, EngineWrite } from './kv-engine.ts';
import type { Entry, Key, Lease } from './kv.ts';
import { RecordWriter } from './record-writer.ts';
import { asBuffer, damagedError, RecordReader, unseal } from './sealed-record.ts';

/** Grows when a reader of the earlier version would misread the records. */
export const FORMAT_VERSION = 2;
/** The oldest that can be read: its entries have no version, and it has no history. */
export const FORMAT_VERSION_MIN = 1;

/** Key spaces, in the order in which they are loaded. */
const META = '0';
const LEASE = '1';
const ENTRY = '2';
const HISTORY = '3';
const FORMAT_NAME = `${META}format`;
const REVISION_NAME = `${META}revision`;

export type StoredRecord =
  | { readonly kind: 'format'; readonly version: number }
  /** `oldestRevision` is undefined in format 1. */
  | { readonly kind: 'revision'; readonly revision: number; readonly oldestRevision: number | undefined }
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'entry'; readonly entry: Entry }
  | ({ readonly kind: 'history' } & StoredHistory);

export function formatVersion(version: number): EngineWrite {
  return { key: Buffer.from(FORMAT_NAME), value: Buffer.from(String(version)) };
}

/** The revision of the store, and the first of its history. */
export function formatRevision(revision: number, oldestRevision: number): EngineWrite {
  const writer = new RecordWriter(REVISION_NAME, 16);
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

/**
 * `copy` makes the values that are kept: by default, each in a buffer of its own.
 * @throws OperatingError `internal` that names the record when its bytes are damaged or unknown.
 */
export function parseRecord(record: EngineRecord, copy: CopyBytes = copyBytes): StoredRecord {
  const name = asBuffer(record.key).toString();
  if (name === FORMAT_NAME) {
    const version = Number(asBuffer(record.value).toString());
    if (Number.isSafeInteger(version)) return { kind: 'format', version };
    throw damagedError(name, 'its version is not a number');
  }

  const reader = new RecordReader(name, unseal(name, record));
  if (name === REVISION_NAME) {
    return { kind: 'revision', revision: reader.u64(), oldestRevision: reader.restSize > 0 ? reader.u64() : undefined };
  }
  switch (name.charAt(0)) {
    case LEASE:
      return { kind: 'lease', lease: { leaseId: nameRest(record), ttlMs: reader.u64() } };
    case ENTRY:
      return { kind: 'entry', entry: readEntry(nameRest(record), reader, copy) };
    case HISTORY:
      return { kind: 'history', ...parseHistory(name, reader, copy) };
    default:
      throw damagedError(name, 'it is of an unknown kind');
  }
}

function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** The name without its first character. Read from the bytes: a slice of the name would keep all of it alive. */
function nameRest({ key }: EngineRecord): string {
  return asBuffer(key).toString('utf8', 1);
}
