/** What is declared and observed: the state of `registry.watch`, and the questions that the services page asks of it. */
import type { Application, Instance, RegistryEvent, Service, Usage } from '@plumb/registry';

export type Dictionary = {
  readonly applications: ReadonlyMap<string, Application>;
  readonly services: ReadonlyMap<string, Service>;
  readonly instances: ReadonlyMap<string, Instance>;
};

/** The state after `event`. A snapshot replaces all. */
export function applyRegistryEvent(dictionary: Dictionary | undefined, event: RegistryEvent): Dictionary {
  const isAll = event.kind === 'snapshot';
  const applications = new Map(isAll ? [] : dictionary?.applications);
  const services = new Map(isAll ? [] : dictionary?.services);
  const instances = new Map(isAll ? [] : dictionary?.instances);
  if (event.kind === 'change') {
    for (const name of event.removed.applications) applications.delete(name);
    for (const name of event.removed.services) services.delete(name);
    for (const id of event.removed.instances) instances.delete(id);
  }
  for (const application of event.applications) applications.set(application.name, application);
  for (const service of event.services) services.set(service.name, service);
  for (const instance of event.instances) instances.set(instance.id, instance);
  return { applications, services, instances };
}

/** One service, as it is declared, as it is seen, and who uses it. */
export type ServiceRow = {
  readonly name: string;
  readonly application: string;
  /** What is known of its application; undefined for one that nobody declared. */
  readonly about: Application | undefined;
  /** Undefined for a service that is seen and not declared. */
  readonly declared: Service | undefined;
  readonly instances: readonly Instance[];
  readonly users: readonly ServiceUser[];
};

export type ServiceUser = {
  readonly usage: Usage;
  /** The services of the user that declare the need. */
  readonly components: readonly string[];
};

/** By name; users as the registry orders them. */
export function serviceRows(dictionary: Dictionary, usages: readonly Usage[]): ServiceRow[] {
  const { applications, services } = dictionary;
  const instances = Map.groupBy(dictionary.instances.values(), ({ service }) => service);
  const byService = Map.groupBy(usages, ({ service }) => service);
  const needing = needingServices(services);
  const names = new Set([...services.keys(), ...instances.keys()]);
  return [...names].sort(compare).map((name) => {
    const declared = services.get(name);
    const own = (instances.get(name) ?? []).sort((a, b) => a.startedAt - b.startedAt || compare(a.id, b.id));
    const application = declared?.application ?? own[0]?.application ?? name;
    const users = (byService.get(name) ?? []).map((usage) => ({
      usage,
      components: (needing.get(name) ?? []).filter((user) => services.get(user)?.application === usage.application),
    }));
    return { name, application, about: applications.get(application), declared, instances: own, users };
  });
}

/** For each service, those that declare to need it. */
function needingServices(services: Dictionary['services']): Map<string, string[]> {
  const needing = new Map<string, string[]>();
  for (const { name, needs } of services.values())
    for (const need of needs) needing.set(need, [...(needing.get(need) ?? []), name]);
  return needing;
}

/** A use that the user's manifest does not name, though it belongs there. */
export function isUndeclared({ kinds, application }: Usage, owner: string): boolean {
  return application !== undefined && application !== owner && kinds.includes('called') && !kinds.includes('declared');
}

/** Whether a declared address is one of a page: it may be one for git, and anybody may declare a script. */
export function isPageAddress(address: string): boolean {
  return /^https?:\/\//i.test(address);
}

/** Whether `text` is in something that a person would look for. */
export function matchesService({ name, application, about }: ServiceRow, text: string): boolean {
  const words = [name, application, about?.owner ?? '', ...(about?.tags ?? [])];
  return words.some((word) => word.toLowerCase().includes(text));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
