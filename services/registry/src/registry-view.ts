/** What one watcher has been told of the dictionary: needed to tell whose it was that is removed. */
import type { Application, Instance, RegistryEvent, Service } from './contract.ts';

export type RegistryChange = Extract<RegistryEvent, { kind: 'change' }>;

export class RegistryView {
  readonly applications = new Map<string, Application>();
  readonly services = new Map<string, Service>();
  readonly instances = new Map<string, Instance>();

  clear(): void {
    this.applications.clear();
    this.services.clear();
    this.instances.clear();
  }

  apply({ applications, services, instances, removed }: RegistryChange): void {
    for (const application of applications) this.applications.set(application.name, application);
    for (const service of services) this.services.set(service.name, service);
    for (const instance of instances) this.instances.set(instance.id, instance);
    for (const name of removed.applications) this.applications.delete(name);
    for (const name of removed.services) this.services.delete(name);
    for (const id of removed.instances) this.instances.delete(id);
  }
}
