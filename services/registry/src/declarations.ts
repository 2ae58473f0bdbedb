/** What is declared: written in one transaction an application, read from the view. */
import { type Log, OperatingError } from '@plumb/base';
import type { Operation } from '@plumb/kv';
import type { RegistryHandlers } from './contract.ts';
import type { Service } from './dictionary-schemas.ts';
import type { RegistryHub } from './registry-hub.ts';
import {
  type Committed,
  instancesRemoval,
  type RegistryStore,
  removalOperations,
  requireCommitted,
} from './registry-store.ts';
import type { RegistryView } from './registry-view.ts';

type Handlers = Pick<RegistryHandlers, 'declare' | 'withdraw' | 'applications' | 'services' | 'environments'>;
export type DeclarationDependencies = { readonly store: RegistryStore; readonly hub: RegistryHub; readonly log: Log };

export function declarationHandlers({ store, hub, log }: DeclarationDependencies): Handlers {
  const { view } = hub;
  const write = async (operations: readonly Operation[], what: string): Promise<Committed> => {
    const committed = requireCommitted(await store.kv.transact(operations), what);
    await hub.holds(committed);
    return committed;
  };
  return {
    async declare({ application, services }, { caller }) {
      const { name } = application;
      checkNames(view, name, services);
      const kept = new Set(services.map((service) => service.name));
      const dropped = servicesOf(view, name).filter((service) => !kept.has(service.name));
      const operations: Operation[] = [
        store.applications.putOperation(name, application),
        ...services.map((service) => store.services.putOperation(service.name, service)),
        ...dropped.flatMap((service) => removalOperations(store, service.name)),
        ...services
          .filter((service) => hasStrangers(view, service))
          .map((service) => instancesRemoval(store.instances, service.name)),
      ];
      const { revision } = await write(operations, name);
      log.info('registry.declare', { application: name, services: [...kept], caller: caller.id, revision });
      return { revision };
    },

    async withdraw({ application }, { caller }) {
      const operations = [
        store.applications.deleteOperation(application),
        ...servicesOf(view, application).flatMap(({ name }) => removalOperations(store, name)),
      ];
      const { revision } = await write(operations, application);
      log.info('registry.withdraw', { application, caller: caller.id, revision });
      return { revision };
    },

    applications: () => sorted([...view.applications.values()]),

    services: ({ application }) =>
      sorted(application === undefined ? [...view.services.values()] : servicesOf(view, application)),

    environments() {
      const byName = new Map<string, { knownBy: string[]; deployed: string[] }>();
      const entryOf = (name: string): { knownBy: string[]; deployed: string[] } => {
        const entry = byName.get(name) ?? { knownBy: [], deployed: [] };
        byName.set(name, entry);
        return entry;
      };
      for (const { name, environment, environments = [] } of sorted([...view.applications.values()])) {
        for (const known of new Set([...environments, environment])) entryOf(known).knownBy.push(name);
        entryOf(environment).deployed.push(name);
      }
      return sorted([...byName].map(([name, entry]) => ({ name, ...entry })));
    },
  };
}

function checkNames(view: RegistryView, application: string, services: readonly Service[]): void {
  for (const service of services) {
    const said = service.application;
    if (said !== application) {
      const advice = 'declare it with its own application';
      throw new OperatingError(
        'invalid',
        `the service ${service.name} belongs to ${said}, not to ${application}: ${advice}`,
      );
    }
    const owner = view.services.get(service.name)?.application ?? application;
    if (owner === application) continue;
    const taken = `the service name ${service.name} is taken by the application ${owner}`;
    throw new OperatingError('already-exists', `${taken}: rename one of them`);
  }
}

/** Instances under its name from the time before it was declared, which are of another application. */
function hasStrangers(view: RegistryView, { name, application }: Service): boolean {
  return [...view.instancesOf(name).values()].some((instance) => instance.application !== application);
}

function servicesOf(view: RegistryView, application: string): Service[] {
  return [...view.services.values()].filter((service) => service.application === application);
}

/** The order of the store, whatever the order of their making. */
function sorted<T extends { readonly name: string }>(list: T[]): T[] {
  return list.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}
