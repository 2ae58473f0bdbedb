/**
 * What is registered through the door, as the store keeps it: `consul/node/NODE`, `consul/service/NODE/ID` and
 * `consul/check/NODE/CHECK`, as CBOR.
 */
import { type Collection, createCollection, type Kv } from '@plumb/kv';

export type CheckStatus = 'passing' | 'warning' | 'critical';

export type Address = { readonly address: string; readonly port: number };

export type NodeRecord = {
  readonly node: string;
  /** A UUID. */
  readonly id: string;
  readonly address: string;
  readonly taggedAddresses: Readonly<Record<string, string>>;
  readonly meta: Readonly<Record<string, string>>;
};

export type ServiceRecord = {
  readonly node: string;
  readonly id: string;
  readonly service: string;
  readonly tags: readonly string[];
  /** Empty where it is the node's. */
  readonly address: string;
  readonly port: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly taggedAddresses: Readonly<Record<string, Address>>;
  readonly weights: { readonly passing: number; readonly warning: number };
  readonly enableTagOverride: boolean;
};

/** How a check finds its status: nobody does but who reports it, it is asked for over HTTP or TCP, or its owner tells in time. */
export type CheckProbe =
  | { readonly kind: 'none' }
  | { readonly kind: 'ttl'; readonly ttlMs: number }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly method: string;
      readonly headers: Readonly<Record<string, readonly string[]>>;
      readonly skipVerify: boolean;
      readonly serverName: string;
      readonly intervalMs: number;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'tcp'; readonly target: string; readonly intervalMs: number; readonly timeoutMs: number };

export type CheckRecord = {
  readonly node: string;
  readonly checkId: string;
  readonly name: string;
  readonly notes: string;
  readonly status: CheckStatus;
  readonly output: string;
  /** Empty for a check of the whole node. */
  readonly serviceId: string;
  readonly serviceName: string;
  readonly probe: CheckProbe;
  /** Its service is deregistered when it is critical for so long; 0 for never. */
  readonly deregisterAfterMs: number;
  readonly successBeforePassing: number;
  readonly failuresBeforeCritical: number;
};

export type CatalogStore = {
  readonly nodes: Collection<NodeRecord>;
  readonly services: Collection<ServiceRecord>;
  readonly checks: Collection<CheckRecord>;
};

export function createCatalogStore(kv: Kv): CatalogStore {
  return {
    nodes: createCollection(kv, 'consul/node/'),
    services: createCollection(kv, 'consul/service/'),
    checks: createCollection(kv, 'consul/check/'),
  };
}

/** The id of a service or a check in its collection. Node names hold no slash. */
export function placeOf(node: string, id: string): string {
  return `${node}/${id}`;
}
