import { OperatingError } from '@plumb/base';
import type { Endpoint, Resolver } from '@plumb/rpc';
import type { RegistryClient } from './contract.ts';
import type { Instance } from './dictionary-schemas.ts';
import { orderInstances } from './order-instances.ts';

/**
 * Finds the instances of a service in the dictionary and follows them: those that are ready, at
 * `tcp://ADDRESS:PORT`, with the key that each was registered with.
 * Its stream throws `not-found` where the service is neither declared nor seen, and ends when it is withdrawn.
 *
 * @example
 * const resolver = registryResolver(createClient(registryContract, 'registry', connection));
 */
export function registryResolver(registry: Pick<RegistryClient, 'watchService'>): Resolver {
  return async function* resolve(service, signal) {
    const known = new Map<string, Instance>();
    let hasBegun = false;
    try {
      for await (const event of registry.watchService({ service }, { signal })) {
        if (event.kind === 'snapshot') known.clear();
        else for (const id of event.removed) known.delete(id);
        for (const instance of event.instances) known.set(instance.id, instance);
        hasBegun = true;
        yield orderInstances([...known.values()]).map(toEndpoint);
      }
    } catch (error) {
      const isWithdrawn = hasBegun && error instanceof OperatingError && error.code === 'not-found';
      if (!isWithdrawn) throw error;
    }
  };
}

export function toEndpoint({ id, address, port, publicKey }: Instance): Endpoint {
  const host = address.includes(':') ? `[${address}]` : address;
  return { id, address: `tcp://${host}:${port}`, ...(publicKey !== undefined && { serverKey: publicKey }) };
}
