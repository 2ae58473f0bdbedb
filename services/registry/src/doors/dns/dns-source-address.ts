/** Whom a packet comes from, as far as DNS can know it. */
import { BlockList, isIPv6 } from 'node:net';

export type SourceRules = {
  /** Loopback is allowed always; others where a subnet of the list has them, such as `172.17.0.0/16`. */
  readonly isAllowed: (address: string) => boolean;
};

const MAPPED = '::ffff:';
/** Who has one address of a network has all of it: what an answer to one of them costs is the network's. */
const V4_NETWORK_PARTS = 3;
const V6_NETWORK_PARTS = 4;

/** @throws TypeError for a subnet that is none. */
export function createSourceRules(subnets: readonly string[]): SourceRules {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits = ''] = subnet.split('/');
    const isV6 = isIPv6(address);
    list.addSubnet(address, bits === '' ? (isV6 ? 128 : 32) : Number(bits), isV6 ? 'ipv6' : 'ipv4');
  }
  return {
    isAllowed(given) {
      const address = unmapped(given);
      return isLoopback(address) || (subnets.length > 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'));
    },
  };
}

export function isLoopback(given: string): boolean {
  const address = unmapped(given);
  return address.startsWith('127.') || address === '::1';
}

/**
 * What shares a budget. On loopback everybody has the same address, and what forwards packets of others to here (the
 * proxy of a container engine) has a port for each of them: there it is the port. Elsewhere it is the network.
 */
export function budgetKey(given: string, port: number): string {
  const address = unmapped(given);
  if (isLoopback(address)) return `${address}#${port}`;
  const separator = isIPv6(address) ? ':' : '.';
  return address.split(separator, separator === ':' ? V6_NETWORK_PARTS : V4_NETWORK_PARTS).join(separator);
}

/** A socket for IPv6 shows addresses of IPv4 so. */
function unmapped(address: string): string {
  return address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
}
