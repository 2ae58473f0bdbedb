import { OperatingError } from '@plumb/base';
import type { Endpoint, Resolver } from '@plumb/rpc';
import type { RegistryClient } from './contract.ts';
import type { Instance } from './dictionary-schemas.ts';
import { distanceOf, orderInstances, type Place } from './order-instances.ts';

/**
 * Finds the instances of a service in the dictionary and follows them: those that are ready, at
 * `tcp://ADDRESS:PORT`, with the key that each was registered with. With `near`, those on its host come first and get the
 * calls, then those in its zone, then the others.
 * Its stream throws `not-found` where the service is neither declared nor seen, and ends when it is withdrawn.
 *
 * @example
 * const registry = createClient(registryContract, 'registry', connection);
 * const resolver = registryResolver(registry, { host: os.hostname() });
 */
export function registryResolver(registry: Pick<RegistryClient, 'watchService'>, near: Place = {}): Resolver {
  return async function* resolve(service, signal) {
    const known = new Map<string, Instance>();
    let hasBegun = false;
    try {
      for await (const event of registry.watchService({ service }, { signal })) {
        if (event.kind === 'snapshot') known.clear();
        else for (const id of event.removed) known.delete(id);
        for (const instance of event.instances) known.set(instance.id, instance);
        hasBegun = true;
        yield toEndpoints([...known.values()], near);
      }
    } catch (error) {
      const isWithdrawn = hasBegun && error instanceof OperatingError && error.code === 'not-found';
      if (!isWithdrawn) throw error;
    }
  };
}

/** The nearest first. How far each is counts only where `near` says where that is measured from. */
export function toEndpoints(instances: readonly Instance[], near: Place): Endpoint[] {
  const hasPlace = near.host !== undefined || near.zone !== undefined;
  return orderInstances(instances, near).map((instance) => {
    const { id, address, port, publicKey } = instance;
    const host = address.includes(':') ? `[${address}]` : address;
    return {
      id,
      address: `tcp://${host}:${port}`,
      ...(publicKey !== undefined && { serverKey: publicKey }),
      ...(hasPlace && { distance: distanceOf(instance, near) }),
    };
  });
}
