/**
 * Reads what a client sent. Whatever the bytes are, it returns: it throws nothing, reads each byte a bounded number of
 * times, follows no compression pointer, and keeps nothing but one question.
 */
import { createDnsName, type DnsName } from './dns-name.ts';
import {
  CLASS_IN,
  FLAG,
  HEADER_BYTES,
  LABEL_BYTES_MAX,
  NAME_BYTES_MAX,
  POINTER_BITS,
  RECORD_TYPE,
} from './dns-protocol.ts';

export type DnsHeader = {
  readonly id: number;
  readonly opcode: number;
  /** RD and CD, which an answer repeats. */
  readonly repeatedFlags: number;
};

export type DnsQuestion = {
  readonly name: DnsName;
  readonly type: number;
  readonly isInternet: boolean;
  /** As it came: an answer repeats it byte by byte, since resolvers hide a check in the case of its letters (0x20). */
  readonly bytes: Uint8Array;
};

/** The OPT record of RFC 6891. */
export type Edns = {
  /** What the client can take over UDP; at least 512. */
  readonly payloadBytesMax: number;
  readonly version: number;
  readonly isDnssecOk: boolean;
};

/**
 * - `ignored`: not a query (a response, or too short to have an id). Nobody is answered.
 * - `faulty`: a query that cannot be read; `FORMERR`.
 * - `unsupported`: of another operation than QUERY; `NOTIMP`. Its question is there where it is like that of a query.
 */
export type DnsQuery =
  | { readonly kind: 'ignored' }
  | { readonly kind: 'faulty'; readonly header: DnsHeader }
  | ({ readonly kind: 'unsupported'; readonly header: DnsHeader } & Partial<DnsBody>)
  | ({ readonly kind: 'query'; readonly header: DnsHeader } & DnsBody);

type DnsBody = { readonly question: DnsQuestion; readonly edns: Edns | undefined };

/** RFC 6891, 6.2.3: smaller sizes are treated as this. */
const PAYLOAD_BYTES_MIN = 512;
const OPCODE_QUERY = 0;
const RECORD_FIXED_BYTES = 10;
const OPTION_HEADER_BYTES = 4;
const EDNS_DO_BIT = 0x8000;
/** Of a step that met bytes which cannot be read. */
const FAULT = -1;

export function parseQuery(bytes: Buffer): DnsQuery {
  if (bytes.length < HEADER_BYTES) return { kind: 'ignored' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  if ((flags & FLAG.response) !== 0) return { kind: 'ignored' };
  const header = {
    id: view.getUint16(0),
    opcode: (flags & FLAG.opcode) >> 11,
    repeatedFlags: flags & (FLAG.recursionDesired | FLAG.checkingDisabled),
  };
  const body = readBody(bytes, view);
  if (header.opcode !== OPCODE_QUERY) return { kind: 'unsupported', header, ...body };
  return body === undefined ? { kind: 'faulty', header } : { kind: 'query', header, ...body };
}

function readBody(bytes: Buffer, view: DataView): DnsBody | undefined {
  // RFC 9619: one question, no more and no fewer.
  if (view.getUint16(4) !== 1) return undefined;
  const question = readQuestion(bytes, view);
  const rest = question && readRecords(view, HEADER_BYTES + question.bytes.length);
  return question && rest && { question, edns: rest.edns };
}

function readQuestion(bytes: Buffer, view: DataView): DnsQuestion | undefined {
  const labels: string[] = [];
  let offset = HEADER_BYTES;
  for (;;) {
    const length = bytes[offset];
    // A pointer has nothing to point at but the header.
    if (length === undefined || length > LABEL_BYTES_MAX) return undefined;
    offset += 1;
    if (length === 0) break;
    const end = offset + length;
    if (end >= bytes.length || end - HEADER_BYTES >= NAME_BYTES_MAX) return undefined;
    // Letters lose their case (RFC 4343), those beyond ASCII too: no name here has any.
    labels.push(bytes.toString('latin1', offset, end).toLowerCase());
    offset = end;
  }
  if (offset + 4 > bytes.length) return undefined;
  return {
    name: createDnsName(labels),
    type: view.getUint16(offset),
    isInternet: view.getUint16(offset + 2) === CLASS_IN,
    bytes: bytes.subarray(HEADER_BYTES, offset + 4),
  };
}

/** Skips all records but OPT, which may come once, in the additional section. Undefined: they cannot be read. */
function readRecords(view: DataView, start: number): { readonly edns: Edns | undefined } | undefined {
  const earlier = view.getUint16(6) + view.getUint16(8);
  const count = earlier + view.getUint16(10);
  let edns: Edns | undefined;
  let offset = start;
  // A record takes 11 bytes at least, so a count that promises more than there is ends soon.
  for (let i = 0; i < count; i += 1) {
    const nameEnd = skipName(view, offset);
    if (nameEnd === FAULT || nameEnd + RECORD_FIXED_BYTES > view.byteLength) return undefined;
    const end = nameEnd + RECORD_FIXED_BYTES + view.getUint16(nameEnd + 8);
    if (end > view.byteLength) return undefined;
    if (view.getUint16(nameEnd) === RECORD_TYPE.OPT) {
      const isRootName = nameEnd === offset + 1;
      if (edns !== undefined || i < earlier || !isRootName || !hasWholeOptions(view, nameEnd, end)) return undefined;
      edns = readEdns(view, nameEnd);
    }
    offset = end;
  }
  // Bytes behind the last record belong to nothing.
  return offset === view.byteLength ? { edns } : undefined;
}

function skipName(view: DataView, start: number): number {
  let offset = start;
  while (offset < view.byteLength) {
    const length = view.getUint8(offset);
    if (length === 0) return offset + 1;
    if (length >= POINTER_BITS) return offset + 2;
    if (length > LABEL_BYTES_MAX) return FAULT;
    offset += 1 + length;
  }
  return FAULT;
}

/** `fixed` is where the type of the record is. The class is the payload size, the TTL has version and flags. */
function readEdns(view: DataView, fixed: number): Edns {
  return {
    payloadBytesMax: Math.max(PAYLOAD_BYTES_MIN, view.getUint16(fixed + 2)),
    version: view.getUint8(fixed + 5),
    isDnssecOk: (view.getUint16(fixed + 6) & EDNS_DO_BIT) !== 0,
  };
}

/** Options are not looked into: none that is known asks this server to do anything (RFC 6891, 6.1.2: ignore the others). */
function hasWholeOptions(view: DataView, fixed: number, end: number): boolean {
  let offset = fixed + RECORD_FIXED_BYTES;
  while (offset + OPTION_HEADER_BYTES <= end) offset += OPTION_HEADER_BYTES + view.getUint16(offset + 2);
  return offset === end;
}
