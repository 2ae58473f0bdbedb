/**
 * What the zone `plumb` says, from the dictionary as it is in memory:
 *
 *   plumb                          SOA, NS
 *   ns.plumb                       A or AAAA of this server
 *   NAME.service.plumb             A, AAAA, SRV, TXT of the ready instances
 *   _NAME._tcp.service.plumb       SRV of the same (the form of RFC 2782)
 *   LABEL.NAME.service.plumb       A or AAAA, SRV, TXT of one instance
 *
 * A declared service is a name even while it has no ready instance ("no data", RFC 2308); anything else that is not above
 * is no name ("name error"). Everything outside of the zone is refused: this server asks nobody.
 */
import type { Random } from '@plumb/base';
import { createDnsName, type DnsName } from './dns-name.ts';
import { RECORD_TYPE } from './dns-protocol.ts';
import { bareAnswer, type DnsAnswer, type DnsRecord } from './dns-record.ts';
import type { DnsInstance, DnsService, DnsSource } from './dns-source.ts';
import type { DnsQuestion } from './parse-query.ts';
import { sampleOf } from './sample-of.ts';

const ZONE = createDnsName(['plumb']);
/** Below it an instance has its name. */
export const SERVICE_ZONE: readonly string[] = ['service', 'plumb'];
/** How long an answer may be kept, in seconds: who asks again finds what changed a second ago. */
export const ANSWER_TTL_S = 1;
/** "There is none" is not kept: what waits for a service sees it as soon as it is there. */
export const NEGATIVE_TTL_S = 0;
/** Instances or addresses of one answer, chosen at random from more: instances with theirs fill a message over TCP. */
const RECORDS_MAX = 512;

const SERVER_NAME = createDnsName(['ns', 'plumb']);
const MAILBOX = createDnsName(['hostmaster', 'plumb']);
/** Of secondaries, which there are none: refresh, retry, expire, in seconds. */
const SOA_TIMES = [60, 10, 3_600] as const;
/** What RFC 8482 lets a server say to a question for everything. */
const ANY_TEXTS = ['RFC8482', ''].map((text) => Buffer.from(text));
/** Types from here to 255 ask for an operation rather than for records (RFC 6895, 3.1). */
const META_TYPE_MIN = 128;
const META_TYPE_MAX = 255;

export type DnsZone = {
  readonly source: DnsSource;
  /** Of this server; four or sixteen bytes. */
  readonly serverAddress: Uint8Array;
  readonly random: Random;
};

type Node = {
  readonly service?: string;
  readonly records: (type: number) => readonly DnsRecord[];
  readonly extra: () => readonly DnsRecord[];
};

const NOTHING: readonly DnsRecord[] = [];
const EMPTY_NODE: Node = { records: () => NOTHING, extra: () => NOTHING };

export function answerQuestion(zone: DnsZone, { name, type, isInternet }: DnsQuestion): DnsAnswer {
  if (!isInternet || name.labels.at(-1) !== 'plumb') return bareAnswer('REFUSED');
  if (type === RECORD_TYPE.OPT) return bareAnswer('FORMERR');
  // Nobody gets the whole zone in one answer.
  if (type === RECORD_TYPE.AXFR || type === RECORD_TYPE.IXFR) return bareAnswer('REFUSED');
  if (type >= META_TYPE_MIN && type < META_TYPE_MAX) return bareAnswer('NOTIMP');
  const revision = zone.source.revision();
  if (revision === undefined) return bareAnswer('SERVFAIL');

  const soa = (ttlS: number): DnsRecord => ({
    name: ZONE,
    ttlS,
    type: RECORD_TYPE.SOA,
    server: SERVER_NAME,
    mailbox: MAILBOX,
    numbers: [revision % 2 ** 32, ...SOA_TIMES, NEGATIVE_TTL_S],
  });
  const base = { isAuthoritative: true, answers: NOTHING, authority: NOTHING, additional: NOTHING };
  const node = findNode(zone, name, soa);
  if (node === undefined) return { ...base, rcode: 'NXDOMAIN', authority: [soa(NEGATIVE_TTL_S)] };
  const found = { ...base, rcode: 'NOERROR', service: node.service } as const;
  if (type === RECORD_TYPE.ANY) {
    const refusal = { name, ttlS: ANSWER_TTL_S, type: RECORD_TYPE.HINFO, texts: ANY_TEXTS };
    return { ...found, answers: [refusal] };
  }
  const answers = node.records(type);
  if (answers.length === 0) return { ...found, authority: [soa(NEGATIVE_TTL_S)] };
  return { ...found, answers, additional: additionalTo(answers, node) };
}

function additionalTo(answers: readonly DnsRecord[], node: Node): readonly DnsRecord[] {
  const type = answers[0]?.type;
  return type === RECORD_TYPE.SRV || type === RECORD_TYPE.NS ? node.extra() : NOTHING;
}

function findNode(zone: DnsZone, name: DnsName, soa: (ttlS: number) => DnsRecord): Node | undefined {
  const { source } = zone;
  const { labels } = name;
  const [branch, host = '', owner] = [labels.at(-2), labels.at(-3), labels.at(-4)];
  if (labels.length === 1) return apex(zone, soa);
  if (branch === 'ns') return labels.length === 2 ? { ...EMPTY_NODE, records: serverRecords(zone) } : undefined;
  if (branch !== 'service' || labels.length > 4) return undefined;
  if (labels.length === 2) return EMPTY_NODE;
  if (owner === undefined) {
    if (host === '_tcp') return EMPTY_NODE;
    const service = source.service(host);
    return service && { ...serviceNode(zone, service, name), service: host };
  }
  if (host === '_tcp') {
    const serviceName = owner.startsWith('_') ? owner.slice(1) : '';
    const service = source.service(serviceName);
    return service && { ...onlySrv(serviceNode(zone, service, name)), service: serviceName };
  }
  const instance = source.service(host)?.find(owner);
  return instance && { ...serviceNode(zone, onlyInstance(instance), name), service: host };
}

function apex(zone: DnsZone, soa: (ttlS: number) => DnsRecord): Node {
  return {
    records(type) {
      if (type === RECORD_TYPE.SOA) return [soa(ANSWER_TTL_S)];
      if (type !== RECORD_TYPE.NS) return NOTHING;
      return [{ name: ZONE, ttlS: ANSWER_TTL_S, type, target: SERVER_NAME }];
    },
    extra: () => [...serverRecords(zone)(RECORD_TYPE.A), ...serverRecords(zone)(RECORD_TYPE.AAAA)],
  };
}

function serverRecords({ serverAddress }: DnsZone): (type: number) => readonly DnsRecord[] {
  return (type) => {
    const own = addressRecord(SERVER_NAME, serverAddress);
    return own.type === type ? [own] : NOTHING;
  };
}

/** Each answer is shuffled, so that clients which take the first spread over all. */
function serviceNode({ random }: DnsZone, service: DnsService, owner: DnsName): Node {
  const addresses = (sizeBytes: 4 | 16): readonly DnsRecord[] =>
    sampleOf(service.addresses(sizeBytes), RECORDS_MAX, random).map((address) => addressRecord(owner, address));
  // SRV and the addresses that come with it are of the same instances.
  let sampled: readonly DnsInstance[] | undefined;
  const instances = (): readonly DnsInstance[] => (sampled ??= sampleOf(service.instances(), RECORDS_MAX, random));
  return {
    records(type) {
      if (type === RECORD_TYPE.A) return addresses(4);
      if (type === RECORD_TYPE.AAAA) return addresses(16);
      if (type === RECORD_TYPE.TXT)
        return instances().map(({ texts }) => ({ name: owner, ttlS: ANSWER_TTL_S, type, texts }));
      if (type !== RECORD_TYPE.SRV) return NOTHING;
      return instances().map((instance) => ({
        name: owner,
        ttlS: ANSWER_TTL_S,
        type,
        // All are equal, so that clients spread over them.
        priority: 0,
        weight: 1,
        port: instance.port,
        target: instance.hostName ?? instance.name,
      }));
    },
    extra: () =>
      instances().flatMap(({ name, address }) => (address === undefined ? [] : [addressRecord(name, address)])),
  };
}

function onlyInstance(instance: DnsInstance): DnsService {
  const { address } = instance;
  return {
    instances: () => [instance],
    addresses: (sizeBytes) => (address?.length === sizeBytes ? [address] : []),
    find: () => undefined,
  };
}

function onlySrv(node: Node): Node {
  return { ...node, records: (type) => (type === RECORD_TYPE.SRV ? node.records(type) : NOTHING) };
}

function addressRecord(name: DnsName, address: Uint8Array): DnsRecord {
  const type = address.length === 4 ? RECORD_TYPE.A : RECORD_TYPE.AAAA;
  return { name, ttlS: ANSWER_TTL_S, type, address };
}
