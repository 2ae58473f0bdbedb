/**
 * A value with a checksum over its key and itself, so that a record that is damaged, or lies under another key than it
 * was written for, is found when it is read, and named.
 */
import { crc32 } from 'node:zlib';
import { OperatingError } from '@plumb/base';
import type { EngineRecord } from './kv-engine.ts';

export const CHECKSUM_SIZE_BYTES = 4;
const U32_RANGE = 2 ** 32;

/** The bytes that were sealed: a view. @throws OperatingError `internal` that names the record when it is damaged. */
export function unseal(name: string, { key, value }: EngineRecord): Buffer {
  const bytes = asBuffer(value);
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
    return this.#bytes.readUInt16LE(this.#skip(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#skip(4));
  }

  /** A safe integer. Read in halves: a bigint costs more than the rest of the record. */
  u64(): number {
    const at = this.#skip(8);
    return this.#bytes.readUInt32LE(at) + this.#bytes.readUInt32LE(at + 4) * U32_RANGE;
  }

  text(size: number): string {
    const at = this.#skip(size);
    return this.#bytes.toString('utf8', at, at + size);
  }

  /** A view. */
  bytes(size: number): Buffer {
    const at = this.#skip(size);
    return this.#bytes.subarray(at, at + size);
  }

  /** Where the next `size` bytes begin; they count as read. */
  #skip(size: number): number {
    if (this.restSize < size) throw damagedError(this.#name, 'it is cut short');
    const at = this.#at;
    this.#at += size;
    return at;
  }
}

/** The same bytes: a view where they are not a `Buffer` yet. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
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
