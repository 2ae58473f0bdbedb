import { OperatingError } from '@plumb/base';
import type { Endpoint, Resolver } from '@plumb/rpc';
import type { Instance, RegistryClient, RegistryEvent } from './contract.ts';

/**
 * Finds the instances of a service in the dictionary and follows them: those that are ready, at
 * `tcp://ADDRESS:PORT`, with the key that each was registered with.
 * Its stream throws `not-found` where the service is not declared, and ends when it is withdrawn.
 *
 * @example
 * const resolver = registryResolver(createClient(registryContract, 'registry', connection));
 */
export function registryResolver(registry: RegistryClient): Resolver {
  return async function* resolve(service, signal) {
    const application = await requireApplication(registry, service, signal);
    const known = new Map<string, Instance>();
    for await (const event of registry.watch({ application }, { signal })) {
      const isTouched = apply(event, service, known);
      if (isTouched) yield [...known.values()].filter(({ health }) => health.state === 'ready').map(toEndpoint);
      // Another application may declare the name next, and this watch would not be told.
      if (event.kind === 'change' && event.removed.services.includes(service)) return;
    }
  };
}

/** The dictionary is watched by application, so that callers are told little that they do not ask for. */
async function requireApplication(registry: RegistryClient, service: string, signal: AbortSignal): Promise<string> {
  // Refuses a name that is not declared, and says which one is near.
  await registry.resolve({ service }, { signal });
  const declared = (await registry.services({}, { signal })).find(({ name }) => name === service);
  if (declared !== undefined) return declared.application;
  throw new OperatingError('not-found', `the service ${service} was withdrawn: see "plumb services"`);
}

/** Returns whether the instances of `service` may have changed. */
function apply(event: RegistryEvent, service: string, known: Map<string, Instance>): boolean {
  const own = event.instances.filter((instance) => instance.service === service);
  const removed = event.kind === 'change' ? event.removed.instances.filter((id) => known.has(id)) : [...known.keys()];
  for (const id of removed) known.delete(id);
  for (const instance of own) known.set(instance.id, instance);
  return event.kind === 'snapshot' || own.length + removed.length > 0;
}

function toEndpoint({ id, address, port, publicKey }: Instance): Endpoint {
  const host = address.includes(':') ? `[${address}]` : address;
  return { id, address: `tcp://${host}:${port}`, ...(publicKey !== undefined && { serverKey: publicKey }) };
}
