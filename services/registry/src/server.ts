/** The dictionary service: applications and services as declared, instances as observed. */
import { type Clock, type Log, nearestWord, newId, OperatingError } from '@plumb/base';
import type { Item, Kv, Operation } from '@plumb/kv';
import type { Caller } from '@plumb/rpc';
import type { Health, Instance, RegistryEvent, RegistryHandlers, Service } from './contract.ts';
import {
  changeFor,
  instanceKey,
  createRegistryStore,
  type RegistryStore,
  requireCommitted,
  watchStore,
} from './registry-store.ts';
import { RegistryView } from './registry-view.ts';

/** Three times the period of a keep-alive that somebody who does not say otherwise sends. */
const TTL_MS = 10_000;

export type RegistryDependencies = {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly log: Log;
  /** The host of instances that do not name theirs. */
  readonly hostName: string;
};

export type RegistryService = AsyncDisposable & { readonly handlers: RegistryHandlers };

/**
 * Opens the dictionary on the store. Instances of an earlier run are gone: those who run them register them again, and
 * nobody is sent to one that may be dead.
 */
export async function openRegistry({ kv, clock, log, hostName }: RegistryDependencies): Promise<RegistryService> {
  const store = createRegistryStore(kv);
  await forgetInstances(store, log);
  const leased = new LeasedInstances();
  const stop = new AbortController();
  const forgetting = leased.forgetLeavers(store, stop.signal);

  const requireService = async (name: string): Promise<Service> => {
    const item = await store.services.get(name);
    if (item !== undefined) return item.value;
    const near = nearestWord(
      name,
      (await store.services.list()).map(({ id }) => id),
    );
    const hint = near === undefined ? 'see "plumb services" for those that are' : `did you mean "${near}"?`;
    throw new OperatingError('not-found', `no service named "${name}" is declared: ${hint}`);
  };
  const requireInstance = async (id: string, caller: Caller): Promise<Instance> => {
    const item = await leased.find(store, id);
    if (item === undefined) throw leftError(id);
    requireOwn(item.value.application, caller);
    return item.value;
  };
  const leave = async (id: string): Promise<void> => {
    const { leaseId } = leased.get(id) ?? {};
    leased.delete(id);
    if (leaseId !== undefined) await kv.revokeLease(leaseId);
  };

  const handlers: RegistryHandlers = {
    async declare({ application, services }, { caller }) {
      const { name } = application;
      for (const service of services) {
        if (service.application !== name) {
          throw new OperatingError(
            'invalid',
            `the service ${service.name} belongs to ${service.application}, not to ${name}: declare it with its own application`,
          );
        }
        const owner = (await store.services.get(service.name))?.value.application ?? name;
        if (owner !== name)
          throw new OperatingError(
            'already-exists',
            `the service name ${service.name} is taken by the application ${owner}: rename one of them`,
          );
      }
      const before = (await store.services.list())
        .filter(({ value }) => value.application === name)
        .map(({ id }) => id);
      const kept = new Set(services.map((service) => service.name));
      const dropped = before.filter((id) => !kept.has(id));
      const operations: Operation[] = [
        store.applications.putOperation(name, application),
        ...services.map((service) => store.services.putOperation(service.name, service)),
        ...dropped.flatMap((id) => removal(store, id)),
      ];
      const revision = requireCommitted(await kv.transact(operations), name);
      log.info('registry.declare', { application: name, services: [...kept], caller: caller.id, revision });
      return { revision };
    },

    async withdraw({ application }, { caller }) {
      const services = (await store.services.list()).filter(({ value }) => value.application === application);
      const operations: Operation[] = [
        store.applications.deleteOperation(application),
        ...services.flatMap(({ id }) => removal(store, id)),
      ];
      const revision = requireCommitted(await kv.transact(operations), application);
      log.info('registry.withdraw', { application, caller: caller.id, revision });
      return { revision };
    },

    applications: async () => (await store.applications.list()).map(({ value }) => value),

    async services({ application }) {
      const services = (await store.services.list()).map(({ value }) => value);
      return application === undefined ? services : services.filter((service) => service.application === application);
    },

    async register(input, { caller }) {
      const { service: name, address, port, instanceId, host, release, health, publicKey, ttlMs = TTL_MS } = input;
      const service = await requireService(name);
      requireOwn(service.application, caller);
      const id = instanceId ?? `${name}-${newId(clock.now())}`;
      const existing = await leased.find(store, id);
      if (existing !== undefined) requireOwn(existing.value.application, caller);
      const replaced = leased.get(id);
      const now = clock.now();
      const instance: Instance = {
        id,
        service: name,
        application: service.application,
        component: service.component,
        host: host ?? hostName,
        address,
        port,
        release: release ?? '',
        startedAt: now,
        health: health ?? { state: 'ready', sinceAt: now },
        ...(publicKey !== undefined && { publicKey }),
      };
      const { leaseId } = await kv.grantLease(ttlMs);
      leased.set(id, { service: name, leaseId });
      try {
        await store.instances.put(instanceKey(name, id), instance, { leaseId });
      } catch (error) {
        // As before: what is refused must not be remembered, and the lease would only end with its time.
        if (replaced === undefined) leased.delete(id);
        else leased.set(id, replaced);
        await kv.revokeLease(leaseId).catch(() => undefined);
        throw error;
      }
      // Only afterwards, when its key is no longer that lease's: an instance that is replaced is never absent.
      if (replaced !== undefined) await kv.revokeLease(replaced.leaseId);
      log.info('registry.register', { instance: id, service: name, address, port, caller: caller.id });
      return { instanceId: id, leaseMs: ttlMs };
    },

    async keepAlive({ instanceId }, { caller }) {
      await requireInstance(instanceId, caller);
      await kv.keepAlive(leased.get(instanceId)?.leaseId ?? '');
      return {};
    },

    async reportHealth({ instanceId, health }, { caller }) {
      const instance = await requireInstance(instanceId, caller);
      if (isSameHealth(instance.health, health)) return {};
      const lease = leased.get(instanceId);
      // It left while it was looked for. Without a lease it would come back for ever.
      if (lease === undefined) throw leftError(instanceId);
      const { leaseId } = lease;
      await store.instances.put(instanceKey(instance.service, instanceId), { ...instance, health }, { leaseId });
      log.info('registry.health', { instance: instanceId, state: health.state, reason: health.reason });
      return {};
    },

    async deregister({ instanceId }, { caller }) {
      const item = await leased.find(store, instanceId);
      if (item === undefined) return {};
      requireOwn(item.value.application, caller);
      await leave(instanceId);
      log.info('registry.deregister', { instance: instanceId, caller: caller.id });
      return {};
    },

    async resolve({ service, includeUnready = false }) {
      await requireService(service);
      const instances = (await store.instances.list(instanceKey(service, '')))
        .map(({ value }) => value)
        .filter(({ health }) => includeUnready || health.state === 'ready')
        .sort((a, b) => a.startedAt - b.startedAt || a.id.localeCompare(b.id));
      return { revision: kv.revision(), instances };
    },

    watch: ({ application }, { signal }) => watch(store, application, signal),
  };
  return {
    handlers,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await forgetting;
    },
  };
}

/** The service and lease of every instance that this process let in; an instance is found by its id through it. */
class LeasedInstances {
  readonly #byId = new Map<string, { readonly service: string; readonly leaseId: string }>();

  get(id: string): { readonly service: string; readonly leaseId: string } | undefined {
    return this.#byId.get(id);
  }

  set(id: string, lease: { readonly service: string; readonly leaseId: string }): void {
    this.#byId.set(id, lease);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  async find({ instances }: RegistryStore, id: string): Promise<Item<Instance> | undefined> {
    const lease = this.#byId.get(id);
    return lease === undefined ? undefined : instances.get(instanceKey(lease.service, id));
  }

  /** Drops those whose lease has ended, so that the index is as large as the dictionary and no larger. */
  async forgetLeavers(store: RegistryStore, signal: AbortSignal): Promise<void> {
    for await (const { isSnapshot, change } of watchStore(store, signal)) {
      for (const id of change.removed.instances) if ((await this.find(store, id)) === undefined) this.#byId.delete(id);
      if (!isSnapshot) continue;
      for (const id of this.#byId.keys()) if ((await this.find(store, id)) === undefined) this.#byId.delete(id);
    }
  }
}

async function* watch(
  store: RegistryStore,
  application: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<RegistryEvent> {
  const view = new RegistryView();
  for await (const { isSnapshot, change } of watchStore(store, signal)) {
    if (isSnapshot) view.clear();
    // What is removed is told by what is known of it, so before it is forgotten.
    const own = changeFor(change, application, view);
    view.apply(change);
    if (isSnapshot) {
      const { applications, services, instances } = own ?? { applications: [], services: [], instances: [] };
      yield { kind: 'snapshot', revision: change.revision, applications, services, instances };
    } else if (own !== undefined) {
      yield own;
    }
  }
}

async function forgetInstances({ kv, instances }: RegistryStore, log: Log): Promise<void> {
  const left = await instances.list();
  if (left.length === 0) return;
  await kv.transact([{ kind: 'delete-prefix', prefix: instances.key('') }]);
  log.info('registry.forget-instances', { count: left.length });
}

/** A service goes with its instances: nobody is sent to a copy of what is no longer declared. */
function removal({ services, instances }: RegistryStore, service: string): Operation[] {
  return [
    services.deleteOperation(service),
    { kind: 'delete-prefix', prefix: instances.key(instanceKey(service, '')) },
  ];
}

function leftError(id: string): OperatingError {
  return new OperatingError('not-found', `the instance ${id} has left: register it again`);
}

function isSameHealth(a: Health, b: Health): boolean {
  return a.state === b.state && a.reason === b.reason;
}

function requireOwn(application: string, caller: Caller): void {
  if (caller.application === undefined || caller.application === application) return;
  throw new OperatingError(
    'denied',
    `${caller.id} belongs to ${caller.application} and may not act for ${application}`,
  );
}
