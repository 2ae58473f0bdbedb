/** Every service of a plumbd by its name on the wire: for the CLI, and for services that call each other. */
import { chainsContract } from '@plumb/chains';
import { configContract } from '@plumb/config-store';
import { deployContract } from '@plumb/deploy';
import { eventsContract } from '@plumb/events';
import { identityContract } from '@plumb/identity';
import { metricsContract } from '@plumb/metrics';
import { registryContract } from '@plumb/registry';
import { type Client, type Connection, type Contract, createClient, rpcContract } from '@plumb/rpc';

export const contracts = {
  chains: chainsContract,
  config: configContract,
  deploy: deployContract,
  events: eventsContract,
  identity: identityContract,
  metrics: metricsContract,
  registry: registryContract,
  rpc: rpcContract,
} as const satisfies Readonly<Record<string, Contract>>;

export type Clients = { readonly [S in keyof typeof contracts]: Client<(typeof contracts)[S]> };

export function createClients(connection: Connection): Clients {
  const clients = Object.entries(contracts).map(([name, contract]) => [
    name,
    createClient<Contract>(contract, name, connection),
  ]);
  return Object.fromEntries(clients) as Clients;
}

/** Whether `SERVICE.METHOD` answers with a stream. A method that is not known does not. */
export function isStream(method: string): boolean {
  const [service = '', ...verb] = method.split('.');
  const contract: Contract | undefined = Object.hasOwn(contracts, service)
    ? contracts[service as keyof typeof contracts]
    : undefined;
  const name = verb.join('.');
  return contract !== undefined && Object.hasOwn(contract, name) && contract[name]?.stream === true;
}
