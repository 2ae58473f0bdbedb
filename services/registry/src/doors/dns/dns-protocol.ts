/** The numbers of DNS that this door knows (RFC 1035, 2782, 3596, 6891, 6895), and how operators write them. */

export const RECORD_TYPE = {
  A: 1,
  NS: 2,
  SOA: 6,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

/** Codes above 15 need the OPT record, which carries their upper eight bits. */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

export type RcodeName = keyof typeof RCODE;

export const CLASS_IN = 1;
export const HEADER_BYTES = 12;
export const LABEL_BYTES_MAX = 63;
export const NAME_BYTES_MAX = 255;
/** The two upper bits of a length tell a compression pointer (RFC 1035, 4.1.4). */
export const POINTER_BITS = 0xc0;
/** Pointers have 14 bits: what lies further cannot be pointed at. */
export const POINTER_OFFSET_MAX = 0x3fff;

/** Bits of the second 16-bit word of the header. */
export const FLAG = {
  response: 0x8000,
  opcode: 0x7800,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  checkingDisabled: 0x0010,
} as const;

const TYPE_NAMES = new Map<number, string>(Object.entries(RECORD_TYPE).map(([name, type]) => [type, name]));

/** One of few words, whatever a stranger asked for. */
export function recordTypeName(type: number | undefined): string {
  return (type === undefined ? undefined : TYPE_NAMES.get(type)) ?? 'other';
}
