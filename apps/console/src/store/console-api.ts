/** Everything that the console asks of Plumb, by service. Tests give actions a part of it. */
import { configContract, type ConfigClient } from '@plumb/config-store';
import { deployContract, type DeployClient } from '@plumb/deploy';
import { eventsContract, type EventsClient } from '@plumb/events';
import { identityContract, type IdentityClient } from '@plumb/identity';
import { metricsContract, type MetricsClient } from '@plumb/metrics';
import { registryContract, type RegistryClient } from '@plumb/registry';
import { type Connection, createClient } from '@plumb/rpc';

export type ConsoleApi = {
  readonly config: ConfigClient;
  readonly deploy: DeployClient;
  readonly events: EventsClient;
  readonly identity: IdentityClient;
  readonly metrics: MetricsClient;
  readonly registry: RegistryClient;
};

/** All services over one connection. */
export function createConsoleApi(connection: Connection): ConsoleApi {
  return {
    config: createClient(configContract, 'config', connection),
    deploy: createClient(deployContract, 'deploy', connection),
    events: createClient(eventsContract, 'events', connection),
    identity: createClient(identityContract, 'identity', connection),
    metrics: createClient(metricsContract, 'metrics', connection),
    registry: createClient(registryContract, 'registry', connection),
  };
}
