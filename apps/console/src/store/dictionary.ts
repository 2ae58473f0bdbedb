/** What is declared and observed: the state of `registry.watch`, and the questions that the services page asks of it. */
import type { Instance, RegistryEvent, Service } from '@plumb/registry';

export type Dictionary = {
  readonly services: ReadonlyMap<string, Service>;
  readonly instances: ReadonlyMap<string, Instance>;
};

/** The state after `event`. A snapshot replaces all. */
export function applyRegistryEvent(dictionary: Dictionary | undefined, event: RegistryEvent): Dictionary {
  const isAll = event.kind === 'snapshot';
  const services = new Map(isAll ? [] : dictionary?.services);
  const instances = new Map(isAll ? [] : dictionary?.instances);
  if (event.kind === 'change') {
    for (const name of event.removed.services) services.delete(name);
    for (const id of event.removed.instances) instances.delete(id);
  }
  for (const service of event.services) services.set(service.name, service);
  for (const instance of event.instances) instances.set(instance.id, instance);
  return { services, instances };
}

export type ServiceRow = {
  readonly service: Service;
  readonly instances: readonly Instance[];
  /** Services that declared to need this one: what breaks if it goes. */
  readonly neededBy: readonly string[];
};

/** By name. */
export function serviceRows({ services, instances }: Dictionary): ServiceRow[] {
  const all = [...services.values()].sort((a, b) => a.name.localeCompare(b.name));
  return all.map((service) => ({
    service,
    instances: [...instances.values()].filter((instance) => instance.service === service.name),
    neededBy: all.filter(({ needs }) => needs.includes(service.name)).map(({ name }) => name),
  }));
}
