/** What a resolver does with bytes, written apart from the door: questions out, answers in, strictly. */

export const TYPES = {
  A: 1,
  NS: 2,
  SOA: 6,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  AXFR: 252,
  ANY: 255,
} as const;
export type TypeName = keyof typeof TYPES;

export type Query = {
  readonly name: string;
  readonly type?: TypeName | number;
  readonly id?: number;
  readonly flags?: number;
  readonly class?: number;
  readonly edns?: {
    readonly size?: number;
    readonly version?: number;
    readonly flags?: number;
    readonly options?: Buffer;
  };
};

export type Record = { readonly name: string; readonly type: string; readonly ttl: number; readonly data: string };
export type Message = {
  readonly id: number;
  readonly flags: {
    qr: boolean;
    opcode: number;
    aa: boolean;
    tc: boolean;
    rd: boolean;
    ra: boolean;
    ad: boolean;
    cd: boolean;
  };
  /** With the upper bits of OPT. */
  readonly rcode: number;
  readonly question: string;
  readonly answers: readonly Record[];
  readonly authority: readonly Record[];
  readonly additional: readonly Record[];
  readonly edns: { readonly size: number; readonly version: number; readonly flags: number } | undefined;
};

export function encodeQuery({ name, type = 'A', id = 7, flags = 0x0100, class: dnsClass = 1, edns }: Query): Buffer {
  const header = words(id, flags, 1, 0, 0, edns === undefined ? 0 : 1);
  const question = Buffer.concat([encodeName(name), words(typeof type === 'number' ? type : TYPES[type], dnsClass)]);
  if (edns === undefined) return Buffer.concat([header, question]);
  const { size = 1_232, version = 0, flags: ednsFlags = 0, options = Buffer.alloc(0) } = edns;
  const opt = Buffer.concat([Buffer.of(0), words(TYPES.OPT, size, version, ednsFlags, options.length), options]);
  return Buffer.concat([header, question, opt]);
}

export function encodeName(name: string): Buffer {
  const labels = name === '.' ? [] : name.split('.');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')])),
    Buffer.of(0),
  ]);
}

/** @throws Error where anything is not as RFC 1035 says, a byte too many included. */
export function decodeMessage(bytes: Buffer): Message {
  const cursor = { at: 12 };
  const flags = bytes.readUInt16BE(2);
  const bit = (mask: number): boolean => (flags & mask) !== 0;
  const question = bytes.readUInt16BE(4) === 0 ? '' : readQuestion(bytes, cursor);
  const section = (count: number): RawRecord[] => Array.from({ length: count }, () => readRecord(bytes, cursor));
  const [answers, authority, all] = [6, 8, 10].map((at) => section(bytes.readUInt16BE(at)));
  if (answers === undefined || authority === undefined || all === undefined) throw new Error('no sections');
  if (cursor.at !== bytes.length) throw new Error(`${bytes.length - cursor.at} bytes too many`);
  const opts = all.filter(({ code }) => code === TYPES.OPT);
  if (opts.length > 1) throw new Error('more than one OPT');
  const [opt] = opts;
  return {
    id: bytes.readUInt16BE(0),
    flags: {
      qr: bit(0x8000),
      opcode: (flags >> 11) & 0xf,
      aa: bit(0x0400),
      tc: bit(0x0200),
      rd: bit(0x0100),
      ra: bit(0x0080),
      ad: bit(0x0020),
      cd: bit(0x0010),
    },
    rcode: (flags & 0xf) | (((opt?.ttl ?? 0) >>> 24) << 4),
    question,
    answers,
    authority,
    additional: all.filter((record) => record !== opt),
    edns: opt && { size: opt.class, version: (opt.ttl >> 16) & 0xff, flags: opt.ttl & 0xffff },
  };
}

type RawRecord = Record & { readonly code: number; readonly class: number };
type Cursor = { at: number };

function readQuestion(bytes: Buffer, cursor: Cursor): string {
  const name = readName(bytes, cursor);
  cursor.at += 4;
  return `${name} ${typeName(bytes.readUInt16BE(cursor.at - 4))}`;
}

function readRecord(bytes: Buffer, cursor: Cursor): RawRecord {
  const name = readName(bytes, cursor);
  const code = bytes.readUInt16BE(cursor.at);
  const start = cursor.at + 10;
  const end = start + bytes.readUInt16BE(cursor.at + 8);
  if (end > bytes.length) throw new Error('a record goes beyond the message');
  const record = { name, code, class: bytes.readUInt16BE(cursor.at + 2), ttl: bytes.readUInt32BE(cursor.at + 4) };
  cursor.at = start;
  const data = readData(bytes, cursor, code, end);
  if (cursor.at !== end) throw new Error(`the data of ${name} is not as long as it says`);
  return { ...record, type: typeName(code), data };
}

function readData(bytes: Buffer, cursor: Cursor, code: number, end: number): string {
  const u16 = (): number => bytes.readUInt16BE((cursor.at += 2) - 2);
  const u32 = (): number => bytes.readUInt32BE((cursor.at += 4) - 4);
  switch (typeName(code)) {
    case 'A':
      return [...bytes.subarray((cursor.at += 4) - 4, cursor.at)].join('.');
    case 'AAAA':
      return bytes.subarray((cursor.at += 16) - 16, cursor.at).toString('hex');
    case 'NS':
      return readName(bytes, cursor);
    case 'SRV':
      return `${u16()} ${u16()} ${u16()} ${readName(bytes, cursor)}`;
    case 'SOA':
      return `${readName(bytes, cursor)} ${readName(bytes, cursor)} ${[u32(), u32(), u32(), u32(), u32()].join(' ')}`;
    default: {
      const texts: string[] = [];
      while (cursor.at < end && code !== TYPES.OPT) {
        const length = bytes[cursor.at] ?? 0;
        texts.push(bytes.toString('utf8', cursor.at + 1, cursor.at + 1 + length));
        cursor.at += 1 + length;
      }
      if (code === TYPES.OPT) cursor.at = end;
      return texts.join(' ');
    }
  }
}

/** Pointers go back only, so that a loop cannot be. */
function readName(bytes: Buffer, cursor: Cursor): string {
  const labels: string[] = [];
  let at = cursor.at;
  let hasJumped = false;
  for (let lowest = at; ;) {
    const length = bytes.readUInt8(at);
    at += 1;
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | bytes.readUInt8(at);
      if (!hasJumped) cursor.at = at + 1;
      hasJumped = true;
      if (target >= lowest) throw new Error('a pointer does not go back');
      lowest = target;
      at = target;
      continue;
    }
    if (length > 63) throw new Error('a label of an unknown kind');
    if (length === 0) break;
    labels.push(bytes.toString('latin1', at, at + length));
    at += length;
  }
  if (!hasJumped) cursor.at = at;
  return `${labels.join('.')}.`;
}

function typeName(code: number): string {
  return Object.entries(TYPES).find(([, value]) => value === code)?.[0] ?? String(code);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i);
  return bytes;
}
