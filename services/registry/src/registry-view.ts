/** The dictionary as this process has read it, in maps: what is asked of it costs what it answers. */
import type { RegistryEvent } from './contract.ts';
import type { Application, Instance, Service } from './dictionary-schemas.ts';

export type RegistryChange = Extract<RegistryEvent, { kind: 'change' }>;

/** What a change took away, as it was: needed to tell whose it was. */
export type Removed = {
  readonly applications: readonly Application[];
  readonly services: readonly Service[];
  readonly instances: readonly Instance[];
};

const NONE: ReadonlyMap<string, Instance> = new Map();
const NOTHING: readonly never[] = [];

export class RegistryView {
  readonly applications = new Map<string, Application>();
  readonly services = new Map<string, Service>();
  readonly instances = new Map<string, Instance>();
  readonly #byService = new Map<string, Map<string, Instance>>();
  readonly #changedAt = new Map<string, number>();
  #revision = 0;

  /** Of the last change that was applied. */
  get revision(): number {
    return this.#revision;
  }

  /** By id. Do not keep it over a change. */
  instancesOf(service: string): ReadonlyMap<string, Instance> {
    return this.#byService.get(service) ?? NONE;
  }

  /** The names of the services that have instances, declared or not. */
  servicesSeen(): IterableIterator<string> {
    return this.#byService.keys();
  }

  /** The revision at which the service, or an instance of it, changed last; that of the oldest reading where it is not known. */
  changedAt(service: string): number {
    return this.#changedAt.get(service) ?? 0;
  }

  clear(): void {
    this.applications.clear();
    this.services.clear();
    this.instances.clear();
    this.#byService.clear();
    this.#changedAt.clear();
  }

  apply({ revision, applications, services, instances, removed }: RegistryChange): Removed {
    this.#revision = revision;
    const gone = {
      applications: take(this.applications, removed.applications),
      services: take(this.services, removed.services),
      instances: take(this.instances, removed.instances),
    };
    for (const instance of gone.instances) this.#unlist(instance);
    for (const { name } of gone.services) this.#touch(name);
    for (const application of applications) this.applications.set(application.name, application);
    for (const service of services) {
      this.services.set(service.name, service);
      this.#touch(service.name);
    }
    for (const instance of instances) this.#list(instance);
    return gone;
  }

  #list(instance: Instance): void {
    const { id, service } = instance;
    const before = this.instances.get(id);
    if (before !== undefined && before.service !== service) this.#unlist(before);
    const siblings = this.#byService.get(service) ?? new Map<string, Instance>();
    this.#byService.set(service, siblings.set(id, instance));
    this.instances.set(id, instance);
    this.#touch(service);
  }

  #unlist({ id, service }: Instance): void {
    const siblings = this.#byService.get(service);
    siblings?.delete(id);
    if (siblings?.size === 0) this.#byService.delete(service);
    this.#touch(service);
  }

  #touch(service: string): void {
    this.#changedAt.set(service, this.#revision);
  }
}

function take<T>(map: Map<string, T>, names: readonly string[]): readonly T[] {
  if (names.length === 0) return NOTHING;
  return names.flatMap((name) => {
    const value = map.get(name);
    map.delete(name);
    return value === undefined ? [] : [value];
  });
}
