/** The node that the door speaks for: Plumb on this machine. */
import { createHash } from 'node:crypto';

export type ConsulAgent = {
  /** The name of the node, such as the host's. */
  readonly nodeName: string;
  readonly datacenter: string;
  readonly address: string;
  /** Of the HTTP door; known when it is open. */
  readonly port: () => number;
};

/** Consul's servers speak RPC to each other there; nobody listens on it here, and clients only compare it. */
export const SERVER_RPC_PORT = 8_300;
export const GOSSIP_PORT = 8_301;
/** Every node that Plumb vouches for passes it; Consul's sessions are tied to it. */
export const NODE_CHECK_ID = 'serfHealth';
/** The service under which Plumb itself is in the catalogue, as Consul is in its own. */
export const OWN_SERVICE = 'consul';
/** What clients that look for features compare: the API of this version is what the door follows. */
export const CONSUL_VERSION = '1.15.0';

/** A UUID that is the same for the same name. */
export function nodeIdOf(name: string): string {
  const hex = createHash('sha256').update(`plumb node ${name}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
