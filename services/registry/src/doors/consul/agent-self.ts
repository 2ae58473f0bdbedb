/** What the agent says of itself, as far as clients read it. */
import { CONSUL_VERSION, type ConsulAgent, GOSSIP_PORT, nodeIdOf } from './node-identity.ts';

export function selfJson(agent: ConsulAgent): object {
  const { nodeName, datacenter } = agent;
  return {
    Config: {
      Datacenter: datacenter,
      PrimaryDatacenter: datacenter,
      NodeName: nodeName,
      NodeID: nodeIdOf(nodeName),
      Server: true,
      Revision: '',
      Version: CONSUL_VERSION,
      VersionMetadata: 'plumb',
    },
    DebugConfig: {},
    Coord: null,
    Member: memberJson(agent),
    Stats: { agent: {}, consul: { server: 'true', leader: 'true', known_datacenters: '1' } },
    Meta: {},
  };
}

export function memberJson({ nodeName, datacenter, address }: ConsulAgent): object {
  return {
    Name: nodeName,
    Addr: address,
    Port: GOSSIP_PORT,
    Tags: { role: 'consul', dc: datacenter, id: nodeIdOf(nodeName), build: `${CONSUL_VERSION}+plumb` },
    // Alive.
    Status: 1,
    ProtocolMin: 1,
    ProtocolMax: 5,
    ProtocolCur: 2,
    DelegateMin: 2,
    DelegateMax: 5,
    DelegateCur: 4,
  };
}
