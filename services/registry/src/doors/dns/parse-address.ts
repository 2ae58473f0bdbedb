import { isIPv4, isIPv6 } from 'node:net';
import { createDnsName, type DnsName } from './dns-name.ts';
import { LABEL_BYTES_MAX, NAME_BYTES_MAX } from './dns-protocol.ts';

const HOST_LABEL = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/;
/** RFC 6761: always this machine, so nobody need ask again. */
const LOCALHOST = Uint8Array.of(127, 0, 0, 1);

export type ParsedAddress =
  | { readonly kind: 'address'; readonly bytes: Uint8Array }
  | { readonly kind: 'host'; readonly name: DnsName };

/**
 * What an instance gave as its address: an IP address or the name of a host. Undefined for what nobody can connect to by
 * DNS: an address of no host (`0.0.0.0`, `::`), one that only means something on its own link, or no name at all.
 */
export function parseAddress(text: string): ParsedAddress | undefined {
  if (isIPv4(text)) return toAddress(parseIpv4(text));
  if (isIPv6(text)) return text.includes('%') ? undefined : toAddress(unmapped(parseIpv6(text)));
  const labels = text.toLowerCase().replace(/\.$/, '').split('.');
  if (labels.length === 1 && labels[0] === 'localhost') return toAddress(LOCALHOST);
  const isName = labels.every((label) => label.length <= LABEL_BYTES_MAX && HOST_LABEL.test(label));
  return isName && text.length < NAME_BYTES_MAX - 1 ? { kind: 'host', name: createDnsName(labels) } : undefined;
}

function toAddress(bytes: Uint8Array): ParsedAddress | undefined {
  return bytes.every((byte) => byte === 0) ? undefined : { kind: 'address', bytes };
}

function parseIpv4(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number);
}

function parseIpv6(text: string): Uint8Array {
  const [head = '', tail] = text.split('::');
  const front = parseGroups(head);
  const back = parseGroups(tail ?? '');
  const bytes = new Uint8Array(16);
  bytes.set(front);
  bytes.set(back, 16 - back.length);
  return bytes;
}

function parseGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return [...parseIpv4(group)];
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** An IPv4 address that was written as IPv6 is one of IPv4. */
function unmapped(bytes: Uint8Array): Uint8Array {
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.slice(12) : bytes;
}
