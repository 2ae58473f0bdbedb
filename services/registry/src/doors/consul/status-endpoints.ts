/** `/v1/status/`, `/v1/coordinate/`, `/v1/acl/token/self`, and plain words for what Consul has and Plumb does not. */
import { requireSomeAccess } from './access.ts';
import { ConsulError } from './consul-error.ts';
import type { Endpoint, EndpointRequest, Endpoints } from './consul-request.ts';
import { type ConsulAgent, nodeIdOf, SERVER_RPC_PORT } from './node-identity.ts';

/** By path: what to use instead. */
const ABSENT: Readonly<Record<string, string>> = {
  '/v1/query': 'Plumb has no prepared queries: ask /v1/health/service/NAME?passing',
  '/v1/connect/': 'Plumb has no service mesh: its own calls are encrypted with CURVE',
  '/v1/config': 'Plumb has no configuration entries of Consul: use "plumb config"',
  '/v1/agent/connect/': 'Plumb has no service mesh: its own calls are encrypted with CURVE',
  '/v1/agent/join/': 'there is one node, and nothing to join',
  '/v1/agent/force-leave/': 'there is one node, and nobody to force out',
  '/v1/agent/leave': 'stop Plumb itself to make it leave',
  '/v1/agent/reload': 'there is nothing to reload: changes count at once',
  '/v1/agent/token/': 'tokens are made with "plumb token create"',
  '/v1/agent/metrics': 'the metrics of Plumb are at /metrics',
  '/v1/agent/monitor': 'the log of Plumb is in its data directory',
  '/v1/agent/host': 'ask "plumb hosts"',
  '/v1/acl/': 'tokens are made with "plumb token create"',
  '/v1/operator/': 'there is one node, and nothing to operate',
  '/v1/snapshot': 'use "plumb backup"',
  '/v1/internal/': 'the console of Plumb shows what there is',
};

export function statusEndpoints(agent: ConsulAgent): Endpoints {
  const server = `${agent.address}:${SERVER_RPC_PORT}`;
  const coordinate = { ...ORIGIN };
  return {
    ...absentEndpoints(),
    '/v1/status/leader': { GET: () => ({ value: server }) },
    '/v1/status/peers': { GET: () => ({ value: [server] }) },
    '/v1/coordinate/datacenters': {
      GET: () => ({
        value: [
          { Datacenter: agent.datacenter, AreaID: 'wan', Coordinates: [{ Node: agent.nodeName, Coord: coordinate }] },
        ],
      }),
    },
    '/v1/coordinate/nodes': { GET: () => ({ value: [] }) },
    '/v1/coordinate/node/': { GET: () => ({ value: [] }) },
    '/v1/acl/token/self': { GET: ownToken },
    '/v1/operator/autopilot/health': {
      GET: ({ caller }) => {
        requireSomeAccess(caller, 'registry:read');
        return { value: { Healthy: true, FailureTolerance: 0, Servers: [] } };
      },
    },
  };
}

/** Where everything is when nobody measures. */
const ORIGIN = { Adjustment: 0, Error: 1.5, Height: 0.00001, Vec: [0, 0, 0, 0, 0, 0, 0, 0] };

/** Who asks, and what they may do; the secret is theirs already. */
function ownToken({ caller }: EndpointRequest): ReturnType<Endpoint> {
  return {
    value: {
      AccessorID: nodeIdOf(`token ${caller.id}`),
      Description: caller.id,
      Policies: caller.scopes.map((scope) => ({ ID: nodeIdOf(`scope ${scope}`), Name: scope })),
      Local: false,
      CreateIndex: 1,
      ModifyIndex: 1,
    },
  };
}

function absentEndpoints(): Endpoints {
  return Object.fromEntries(
    Object.entries(ABSENT).flatMap(([path, advice]) => {
      const refuse: Endpoint = () => {
        throw new ConsulError(404, advice);
      };
      const methods = { GET: refuse, PUT: refuse, POST: refuse, DELETE: refuse };
      return path.endsWith('/') || path.startsWith('/v1/agent/')
        ? [[path, methods]]
        : [
            [path, methods],
            [`${path}/`, methods],
          ];
    }),
  );
}
