/**
 * What the dictionary keeps in the key-value store: `registry/application/NAME`, `registry/service/NAME` and
 * `registry/instance/SERVICE/ID`. An instance's key belongs to a lease, so that it leaves by itself when nobody keeps it alive.
 */
import { OperatingError } from '@plumb/base';
import { type Collection, createCollection, type Entry, type Kv, type WatchEvent } from '@plumb/kv';
import type { Application, Instance, Service } from './contract.ts';
import type { RegistryChange, RegistryView } from './registry-view.ts';

const PREFIX = 'registry/';

export type RegistryStore = {
  readonly kv: Kv;
  readonly applications: Collection<Application>;
  readonly services: Collection<Service>;
  readonly instances: Collection<Instance>;
};

export function createRegistryStore(kv: Kv): RegistryStore {
  return {
    kv,
    applications: createCollection(kv, `${PREFIX}application/`),
    services: createCollection(kv, `${PREFIX}service/`),
    instances: createCollection(kv, `${PREFIX}instance/`),
  };
}

export type ViewEvent = { readonly isSnapshot: boolean; readonly change: RegistryChange };

/** The whole dictionary as changes to a view; a snapshot comes as one change to an empty view. */
export async function* watchStore(store: RegistryStore, signal: AbortSignal): AsyncGenerator<ViewEvent> {
  for await (const event of store.kv.watch(PREFIX, { signal }))
    yield { isSnapshot: event.kind === 'snapshot', change: toChange(store, event) };
}

/** Where an instance is kept: below its service, so that a lookup reads what it answers and no more. */
export function instanceKey(service: string, id: string): string {
  return `${service}/${id}`;
}

function instanceIdOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

function toChange({ applications, services, instances }: RegistryStore, event: WatchEvent): RegistryChange {
  const entries = event.kind === 'snapshot' ? event.entries : event.puts;
  const deletes = event.kind === 'snapshot' ? [] : event.deletes;
  const valuesOf = <T>(collection: Collection<T>): T[] =>
    entries
      .filter(({ key }) => key.startsWith(collection.key('')))
      .map((entry: Entry) => collection.parse(entry).value);
  const idsOf = (collection: { readonly key: (id: string) => string }): string[] =>
    deletes.filter((key) => key.startsWith(collection.key(''))).map((key) => key.slice(collection.key('').length));
  return {
    kind: 'change',
    revision: event.revision,
    applications: valuesOf(applications),
    services: valuesOf(services),
    instances: valuesOf(instances),
    removed: {
      applications: idsOf(applications),
      services: idsOf(services),
      instances: idsOf(instances).map(instanceIdOf),
    },
  };
}

/** Takes the parts of a change that belong to one application, or all of it; undefined where nothing is left. */
export function changeFor(
  change: RegistryChange,
  application: string | undefined,
  known: RegistryView,
): RegistryChange | undefined {
  if (application === undefined) return change;
  const isOwn = (part: { readonly application: string }): boolean => part.application === application;
  const own: RegistryChange = {
    ...change,
    applications: change.applications.filter(({ name }) => name === application),
    services: change.services.filter(isOwn),
    instances: change.instances.filter(isOwn),
    removed: {
      applications: change.removed.applications.filter((name) => name === application),
      services: change.removed.services.filter((name) => known.services.get(name)?.application === application),
      instances: change.removed.instances.filter((id) => known.instances.get(id)?.application === application),
    },
  };
  const { applications, services, instances, removed } = own;
  const parts = [applications, services, instances, removed.applications, removed.services, removed.instances];
  return parts.every(({ length }) => length === 0) ? undefined : own;
}

export function requireCommitted(result: { readonly kind: string; readonly revision?: number }, what: string): number {
  if (result.kind === 'committed' && result.revision !== undefined) return result.revision;
  throw new OperatingError('conflict', `${what} was changed at the same time: try again`);
}
