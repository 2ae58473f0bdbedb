/** From the dictionary to what is scraped: every instance of a service that says where its metrics are. */
import type { Instance, RegistryEvent, Service } from '@plumb/registry';
import type { KnownService } from './query-handlers.ts';
import type { ScrapeTarget } from './scraper.ts';

/** The dictionary's part that matters here, kept by applying its events. */
export class Dictionary {
  readonly #services = new Map<string, Service>();
  readonly #instances = new Map<string, Instance>();

  apply(event: RegistryEvent): void {
    if (event.kind === 'snapshot') {
      this.#services.clear();
      this.#instances.clear();
    } else {
      for (const name of event.removed.services) this.#services.delete(name);
      for (const id of event.removed.instances) this.#instances.delete(id);
    }
    for (const service of event.services) this.#services.set(service.name, service);
    for (const instance of event.instances) this.#instances.set(instance.id, instance);
  }

  services(): KnownService[] {
    return [...this.#services.values()].map(({ name, application, component }) => ({
      job: name,
      application,
      component,
    }));
  }

  /** In whatever state of health an instance is: one that is in trouble is the one whose metrics are wanted. */
  targets(): ScrapeTarget[] {
    return [...this.#instances.values()].flatMap(({ service, application, component, address, port }) => {
      const path = this.#services.get(service)?.metricsPath;
      if (path === undefined) return [];
      const instance = `${address.includes(':') ? `[${address}]` : address}:${port}`;
      // The path comes after the port, so that it cannot name another host.
      const url = `http://${instance}${path.startsWith('/') ? path : `/${path}`}`;
      return [{ job: service, instance, labels: { application, component }, from: { kind: 'http', url } }];
    });
  }
}
