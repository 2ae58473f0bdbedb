/**
 * A value with a checksum over its key and itself, so that a record that is damaged, or lies under another key than it
 * was written for, is found when it is read, and named.
 */
import { crc32 } from 'node:zlib';
import { OperatingError } from '@plumb/base';
import type { EngineRecord } from './kv-engine.ts';

export const CHECKSUM_SIZE_BYTES = 4;

/** The bytes that were sealed: a view. @throws OperatingError `internal` that names the record when it is damaged. */
export function unseal(name: string, { key, value }: EngineRecord): Buffer {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (bytes.length < CHECKSUM_SIZE_BYTES) throw damagedError(name, 'it is cut short');
  const body = bytes.subarray(CHECKSUM_SIZE_BYTES);
  if (bytes.readUInt32LE() !== checksum(key, body)) throw damagedError(name, 'its checksum does not match its bytes');
  return body;
}

/** A record whose bytes are not what was written. `record` says which, such as `the entry "a/b"`. */
export class DamagedRecordError extends OperatingError {
  readonly record: string;
  readonly why: string;

  constructor(record: string, why: string) {
    super('internal', `${record} of the store is damaged: ${why}; restore the data directory from a backup`);
    this.record = record;
    this.why = why;
  }
}

/** `name` is the record's key as text: the first character is its kind. */
export function damagedError(name: string, why: string): DamagedRecordError {
  return new DamagedRecordError(describeRecord(name), why);
}

/** Reads numbers and pieces one after the other. @throws OperatingError `internal` beyond the end. */
export class RecordReader {
  readonly #name: string;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(name: string, bytes: Buffer) {
    this.#name = name;
    this.#bytes = bytes;
  }

  get restSize(): number {
    return this.#bytes.length - this.#at;
  }

  u16(): number {
    return this.bytes(2).readUInt16LE();
  }

  u32(): number {
    return this.bytes(4).readUInt32LE();
  }

  u64(): number {
    return Number(this.bytes(8).readBigUInt64LE());
  }

  /** A view. */
  bytes(size: number): Buffer {
    if (this.restSize < size) throw damagedError(this.#name, 'it is cut short');
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }
}

/** Of a record's whole key and its body. */
export function checksum(key: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(key));
}

function describeRecord(name: string): string {
  const rest = name.slice(1);
  switch (name.slice(0, 1)) {
    case '2':
      return `the entry "${rest}"`;
    case '3':
      return `the history from revision ${Number(rest)} on`;
    default:
      return `the record "${name}"`;
  }
}
