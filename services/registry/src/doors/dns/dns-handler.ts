/**
 * From the bytes of a message to the bytes of its answer: no socket, no clock. It never throws, and what it does for a
 * message is bounded by the message's own length and by the largest answer.
 */
import { errorToData, type Log } from '@plumb/base';
import { FLAG, RCODE, type RcodeName, recordTypeName } from './dns-protocol.ts';
import { bareAnswer, type DnsAnswer, type DnsRecord } from './dns-record.ts';
import { DnsWriter, MESSAGE_BYTES_MAX } from './dns-writer.ts';
import { answerQuestion, type DnsZone } from './dns-zone.ts';
import { type DnsHeader, type DnsQuery, type Edns, parseQuery } from './parse-query.ts';

export type DnsTransport = 'udp' | 'tcp';

export type DnsPeer = {
  readonly transport: DnsTransport;
  /** Strangers are refused, whatever they ask. */
  readonly isAllowed: boolean;
  /** The largest datagram that is sent to this peer, whatever it says that it can take. */
  readonly datagramBytesMax: number;
};

/** What was done, in few words for counters; and for evidence which service somebody asked for, where it is there. */
export type DnsFact = {
  readonly transport: DnsTransport;
  readonly type: string;
  readonly rcode: RcodeName;
  readonly isTruncated: boolean;
  readonly service?: string | undefined;
};

export type DnsHandler = (message: Buffer, peer: DnsPeer) => DnsReply | undefined;
export type DnsReply = { readonly bytes: Buffer; readonly fact: DnsFact };

/** What a client that says nothing of EDNS can take over UDP (RFC 1035, 4.2.1). */
const DATAGRAM_BYTES_PLAIN = 512;
/** Told to clients: the largest query over UDP that is sure to arrive whole (the DNS flag day of 2020). */
const PAYLOAD_BYTES = 1_232;
const OPT_BYTES = 11;
const EDNS_VERSION = 0;
const EDNS_DO_BIT = 0x8000;

export type DnsHandlerDependencies = DnsZone & { readonly log: Log };

/** The handler's answers are copies: they may be kept. Undefined: no answer at all, for what is not a query. */
export function createDnsHandler(dependencies: DnsHandlerDependencies): DnsHandler {
  const writer = new DnsWriter();
  const decide = (query: ReadableQuery, { isAllowed }: DnsPeer): DnsAnswer => {
    if (!isAllowed) return bareAnswer('REFUSED');
    if (query.kind === 'faulty') return bareAnswer('FORMERR');
    if (query.kind === 'unsupported') return bareAnswer('NOTIMP');
    if ((query.edns?.version ?? EDNS_VERSION) > EDNS_VERSION) return bareAnswer('BADVERS');
    try {
      return answerQuestion(dependencies, query.question);
    } catch (error) {
      // A bug of ours: the client may ask another server, and the next question is answered.
      dependencies.log.error('dns.failed', { name: query.question.name.labels.join('.'), error: errorToData(error) });
      return bareAnswer('SERVFAIL');
    }
  };
  return (message, peer) => {
    const query = parseQuery(message);
    if (query.kind === 'ignored') return undefined;
    const answer = decide(query, peer);
    const isTruncated = write(writer, query, answer, sizeMax(query, peer));
    const type = recordTypeName(query.kind === 'faulty' ? undefined : query.question?.type);
    return {
      bytes: writer.finish(),
      fact: { transport: peer.transport, type, rcode: answer.rcode, isTruncated, service: answer.service },
    };
  };
}

type ReadableQuery = Exclude<DnsQuery, { kind: 'ignored' }>;

function sizeMax(query: ReadableQuery, { transport, datagramBytesMax }: DnsPeer): number {
  if (transport === 'tcp') return MESSAGE_BYTES_MAX;
  const asked = (query.kind === 'faulty' ? undefined : query.edns?.payloadBytesMax) ?? DATAGRAM_BYTES_PLAIN;
  return Math.min(asked, datagramBytesMax);
}

/** Returns whether something that matters did not fit: the client is then told to ask again over TCP. */
function write(writer: DnsWriter, query: ReadableQuery, answer: DnsAnswer, size: number): boolean {
  const { question, edns } = query.kind === 'faulty' ? {} : query;
  writer.start(size);
  if (question !== undefined) writer.question(question);
  const reserved = edns === undefined ? 0 : OPT_BYTES;
  const answers = writeRecords(writer, answer.answers, reserved);
  const hasAnswers = answers === answer.answers.length;
  const authority = hasAnswers ? writeRecords(writer, answer.authority, reserved) : 0;
  const isTruncated = !hasAnswers || authority < answer.authority.length;
  const additional = isTruncated ? 0 : writeRecords(writer, answer.additional, reserved);
  if (edns !== undefined) writeOpt(writer, answer, edns);
  const flags =
    (answer.isAuthoritative ? FLAG.authoritative : 0) |
    (isTruncated ? FLAG.truncated : 0) |
    (RCODE[answer.rcode] & 0xf);
  writer.header(query.header.id, responseFlags(query.header) | flags, [
    question === undefined ? 0 : 1,
    answers,
    authority,
    additional + (edns === undefined ? 0 : 1),
  ]);
  return isTruncated;
}

/** How many of the records fitted. */
function writeRecords(writer: DnsWriter, records: readonly DnsRecord[], reservedBytes: number): number {
  let count = 0;
  for (const record of records) {
    if (!writer.record(record, reservedBytes)) break;
    count += 1;
  }
  return count;
}

/** Recursion is not offered: RA stays 0. */
function responseFlags({ opcode, repeatedFlags }: DnsHeader): number {
  return FLAG.response | (opcode << 11) | repeatedFlags;
}

function writeOpt(writer: DnsWriter, { rcode }: DnsAnswer, { isDnssecOk }: Edns): void {
  writer.opt(PAYLOAD_BYTES, RCODE[rcode] >> 4, isDnssecOk ? EDNS_DO_BIT : 0);
}
