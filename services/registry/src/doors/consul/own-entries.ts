/** What is in the catalogue of itself: Plumb, as Consul is in its own, and that it vouches for a node. */
import type { CheckRecord, NodeRecord, ServiceRecord } from './catalog-records.ts';
import type { Held } from './catalog-content.ts';
import { type ConsulAgent, NODE_CHECK_ID, nodeIdOf, OWN_SERVICE } from './node-identity.ts';

const FIRST = { createIndex: 1, modifyIndex: 1, origin: 'built-in' } as const;

export function ownNode({ nodeName, address }: ConsulAgent): Held<NodeRecord> {
  const taggedAddresses = { lan: address, wan: address };
  return { node: nodeName, id: nodeIdOf(nodeName), address, taggedAddresses, meta: {}, ...FIRST };
}

export function ownService({ nodeName, port }: ConsulAgent): Held<ServiceRecord> {
  return {
    node: nodeName,
    id: OWN_SERVICE,
    service: OWN_SERVICE,
    tags: [],
    address: '',
    // It is known later than the rest.
    get port() {
      return port();
    },
    meta: {},
    taggedAddresses: {},
    weights: { passing: 1, warning: 1 },
    enableTagOverride: false,
    ...FIRST,
  };
}

export function nodeCheck(node: string): Held<CheckRecord> {
  return {
    node,
    checkId: NODE_CHECK_ID,
    name: 'Serf Health Status',
    notes: '',
    status: 'passing',
    output: 'Plumb vouches for this node',
    serviceId: '',
    serviceName: '',
    probe: { kind: 'none' },
    deregisterAfterMs: 0,
    successBeforePassing: 0,
    failuresBeforeCritical: 0,
    ...FIRST,
  };
}
