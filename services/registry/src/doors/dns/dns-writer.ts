/**
 * Writes one message into a buffer that is used again for each. A record is written whole or not at all: `record` says
 * whether it fitted, and after one that did not, nothing with a name may be written.
 */
import { type DnsName, pointerTo } from './dns-name.ts';
import { CLASS_IN, HEADER_BYTES, POINTER_OFFSET_MAX, RECORD_TYPE } from './dns-protocol.ts';
import type { DnsRecord } from './dns-record.ts';
import type { DnsQuestion } from './parse-query.ts';

/** The length of a message over TCP has 16 bits. */
export const MESSAGE_BYTES_MAX = 65_535;
/** What a record takes at most: three names, or `TEXTS_MAX` texts, and the fixed fields. */
const RECORD_BYTES_MAX = 4_096;

export class DnsWriter {
  // Room for one record above the largest message: whether it fits is decided when it is there.
  readonly #bytes = Buffer.alloc(MESSAGE_BYTES_MAX + RECORD_BYTES_MAX);
  readonly #offsets = new Map<string, number>();
  #length = 0;
  #sizeMax = 0;

  /** Starts a message of at most `sizeMax` bytes; what is not a record is written whatever the size. */
  start(sizeMax: number): void {
    this.#offsets.clear();
    this.#length = HEADER_BYTES;
    this.#sizeMax = Math.min(sizeMax, MESSAGE_BYTES_MAX);
  }

  header(id: number, flags: number, counts: readonly [number, number, number, number]): void {
    const words = [id, flags, ...counts];
    for (let i = 0; i < words.length; i += 1) this.#bytes.writeUInt16BE(words[i] ?? 0, 2 * i);
  }

  /** Repeats the question as it came. Names of records then point into it. */
  question({ name, bytes }: DnsQuestion): void {
    let offset = this.#length;
    for (const [i, suffix] of name.suffixes.entries()) {
      if (suffix !== undefined) this.#offsets.set(suffix, offset);
      offset += 1 + (name.labels[i]?.length ?? 0);
    }
    this.#raw(bytes);
  }

  /** Returns false, and writes nothing, where `record` and `reservedBytes` behind it do not fit. */
  record(record: DnsRecord, reservedBytes: number): boolean {
    const start = this.#length;
    this.#name(record.name);
    this.#u16(record.type);
    this.#u16(CLASS_IN);
    this.#u32(record.ttlS);
    const dataStart = this.#length + 2;
    this.#length = dataStart;
    this.#data(record);
    this.#bytes.writeUInt16BE(this.#length - dataStart, dataStart - 2);
    if (this.#length + reservedBytes <= this.#sizeMax) return true;
    this.#length = start;
    return false;
  }

  /** The OPT record (RFC 6891): an empty name, then size, extended code, version 0 and the flags. */
  opt(payloadBytesMax: number, extendedRcode: number, flags: number): void {
    this.#bytes[this.#length] = 0;
    this.#length += 1;
    this.#u16(RECORD_TYPE.OPT);
    this.#u16(payloadBytesMax);
    this.#u32(((extendedRcode << 24) | flags) >>> 0);
    this.#u16(0);
  }

  /** A copy of the message. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  #data(record: DnsRecord): void {
    switch (record.type) {
      case RECORD_TYPE.A:
      case RECORD_TYPE.AAAA:
        this.#raw(record.address);
        return;
      case RECORD_TYPE.NS:
        this.#name(record.target);
        return;
      case RECORD_TYPE.SRV:
        this.#u16(record.priority);
        this.#u16(record.weight);
        this.#u16(record.port);
        // RFC 2782: never compressed.
        this.#wholeName(record.target);
        return;
      case RECORD_TYPE.TXT:
      case RECORD_TYPE.HINFO:
        for (const text of record.texts) {
          this.#bytes[this.#length] = text.length;
          this.#length += 1;
          this.#raw(text);
        }
        return;
      case RECORD_TYPE.SOA:
        this.#name(record.server);
        this.#name(record.mailbox);
        for (const number of record.numbers) this.#u32(number);
    }
  }

  #name({ labels, suffixes }: DnsName): void {
    for (const [i, label] of labels.entries()) {
      const suffix = suffixes[i];
      const known = suffix === undefined ? undefined : this.#offsets.get(suffix);
      if (known !== undefined) {
        this.#u16(pointerTo(known));
        return;
      }
      this.#remember(suffix);
      this.#bytes[this.#length] = label.length;
      this.#bytes.write(label, this.#length + 1, 'latin1');
      this.#length += 1 + label.length;
    }
    this.#bytes[this.#length] = 0;
    this.#length += 1;
  }

  /** Later names may point at the whole of it. */
  #wholeName({ suffixes, wire }: DnsName): void {
    this.#remember(suffixes[0]);
    this.#raw(wire);
  }

  #remember(name: string | undefined): void {
    if (name === undefined || this.#length > POINTER_OFFSET_MAX || this.#offsets.has(name)) return;
    this.#offsets.set(name, this.#length);
  }

  #raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #u16(value: number): void {
    this.#length = this.#bytes.writeUInt16BE(value, this.#length);
  }

  #u32(value: number): void {
    this.#length = this.#bytes.writeUInt32BE(value, this.#length);
  }
}
