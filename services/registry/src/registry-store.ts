/**
 * What the dictionary keeps in the key-value store: `registry/application/NAME`, `registry/service/NAME` and
 * `registry/instance/SERVICE/ID`. How long an instance stays is not the store's: see `instance-lives.ts`.
 */
import { OperatingError } from '@plumb/base';
import {
  type Collection,
  createCollection,
  type Entry,
  type Kv,
  type Operation,
  type TransactionResult,
  type WatchEvent,
} from '@plumb/kv';
import type { Application, Instance, Service } from './dictionary-schemas.ts';
import type { RegistryChange } from './registry-view.ts';

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

export type StoreEvent = { readonly isSnapshot: boolean; readonly change: RegistryChange };

/** The whole dictionary as changes to a view; a snapshot comes as one change to an empty view. */
export async function* watchStore(store: RegistryStore, signal: AbortSignal): AsyncGenerator<StoreEvent> {
  for await (const event of store.kv.watch(PREFIX, { signal }))
    yield { isSnapshot: event.kind === 'snapshot', change: toChange(store, event) };
}

/** Where an instance is kept: below its service, so that a service goes with its instances. */
export function instanceKey(service: string, id: string): string {
  return `${service}/${id}`;
}

/** A service goes with its instances: nobody is sent to a copy of what is no longer declared. */
export function removalOperations({ services, instances }: RegistryStore, service: string): Operation[] {
  return [services.deleteOperation(service), instancesRemoval(instances, service)];
}

export function instancesRemoval(instances: Collection<Instance>, service: string): Operation {
  return { kind: 'delete-prefix', prefix: instances.key(instanceKey(service, '')) };
}

export type Committed = {
  readonly revision: number;
  /** Something is different: watchers of the changed keys are told at `revision`. */
  readonly hasChanged: boolean;
};

/** @throws OperatingError `conflict` where a condition did not hold. */
export function requireCommitted(result: TransactionResult, what: string): Committed {
  if (result.kind === 'conflict')
    throw new OperatingError('conflict', `${what} was changed at the same time: try again`);
  const hasChanged = result.responses.some(
    (response) => response.kind === 'put' || (response.kind === 'delete' && response.count > 0),
  );
  return { revision: result.revision, hasChanged };
}

function instanceIdOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

function toChange({ applications, services, instances }: RegistryStore, event: WatchEvent): RegistryChange {
  const entries = event.kind === 'snapshot' ? event.entries : event.puts;
  const deletes = event.kind === 'snapshot' ? [] : event.deletes;
  const valuesOf = <T>(collection: Collection<T>): T[] => {
    const prefix = collection.key('');
    return entries.filter(({ key }) => key.startsWith(prefix)).map((entry: Entry) => collection.parse(entry).value);
  };
  const idsOf = (collection: { readonly key: (id: string) => string }): string[] => {
    const prefix = collection.key('');
    return deletes.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  };
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
