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

/** What is watched of the store: all of the dictionary. */
export const DICTIONARY_PREFIX = PREFIX;

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

/**
 * What an event of `DICTIONARY_PREFIX` does to a view; a snapshot comes as one change to an empty one. In one pass, and
 * without a list for what there is nothing of: most changes are of one instance.
 */
export function toChange({ applications, services, instances }: RegistryStore, event: WatchEvent): RegistryChange {
  const [applicationPrefix, servicePrefix, instancePrefix] = [
    applications.key(''),
    services.key(''),
    instances.key(''),
  ];
  const entries: readonly Entry[] = event.kind === 'snapshot' ? event.entries : event.puts;
  const put = { applications: NONE as Application[], services: NONE as Service[], instances: NONE as Instance[] };
  for (const entry of entries) {
    if (entry.key.startsWith(instancePrefix)) put.instances = append(put.instances, instances.parse(entry).value);
    else if (entry.key.startsWith(servicePrefix)) put.services = append(put.services, services.parse(entry).value);
    else if (entry.key.startsWith(applicationPrefix))
      put.applications = append(put.applications, applications.parse(entry).value);
  }
  const removed = { applications: NONE as string[], services: NONE as string[], instances: NONE as string[] };
  for (const key of event.kind === 'snapshot' ? NONE : event.deletes) {
    if (key.startsWith(instancePrefix))
      removed.instances = append(removed.instances, key.slice(key.indexOf('/', instancePrefix.length) + 1));
    else if (key.startsWith(servicePrefix))
      removed.services = append(removed.services, key.slice(servicePrefix.length));
    else if (key.startsWith(applicationPrefix))
      removed.applications = append(removed.applications, key.slice(applicationPrefix.length));
  }
  return { kind: 'change', revision: event.revision, ...put, removed };
}

/** Shared by all that is empty; never written to. */
const NONE: never[] = [];

function append<T>(list: T[], value: T): T[] {
  if (list.length === 0) return [value];
  list.push(value);
  return list;
}
