/** The bytes of an entry but its key, in a record of its own and in the history. */
import type { Entry, Key } from './kv.ts';
import type { RecordWriter } from './record-writer.ts';
import type { RecordReader } from './sealed-record.ts';

/** A view of an engine's buffer would keep all of it alive. */
export type CopyBytes = (bytes: Uint8Array) => Uint8Array;

/** createRevision, modRevision, size of the lease's id with the flag, version. */
const HEAD_SIZE_BYTES = 8 + 8 + 2 + 8;
/** In the size of the lease's id: a version follows. Without it, the bytes are of format 1. */
const HAS_VERSION = 0x8000;

export function writeEntry(writer: RecordWriter, entry: Entry): void {
  const { createRevision, modRevision, version, leaseId = '', value } = entry;
  writer.u64(createRevision);
  writer.u64(modRevision);
  writer.u16(Buffer.byteLength(leaseId) | HAS_VERSION);
  writer.u64(version);
  writer.text(leaseId);
  writer.bytes(value);
}

/** At least what `writeEntry` writes. */
export function entryBodySizeMax({ leaseId = '', value }: Entry): number {
  return HEAD_SIZE_BYTES + leaseId.length * 3 + value.length;
}

/**
 * Reads to the end. An entry of format 1 gets version 1 when it was not changed since it was created, and 2 when it was:
 * how often is not known.
 */
export function readEntry(key: Key, reader: RecordReader, copy: CopyBytes): Entry {
  const createRevision = reader.u64();
  const modRevision = reader.u64();
  const leaseSize = reader.u16();
  const version = (leaseSize & HAS_VERSION) !== 0 ? reader.u64() : createRevision === modRevision ? 1 : 2;
  const leaseSizeBytes = leaseSize & ~HAS_VERSION;
  const leaseId = leaseSizeBytes === 0 ? undefined : reader.text(leaseSizeBytes);
  const value = copy(reader.bytes(reader.restSize));
  return leaseId === undefined
    ? { key, value, createRevision, modRevision, version }
    : { key, value, createRevision, modRevision, version, leaseId };
}
