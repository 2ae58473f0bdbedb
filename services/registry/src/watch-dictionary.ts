/** What watchers of the dictionary are told: the changes of the hub, cut down to what was asked for. */
import type { OperatingError } from '@plumb/base';
import { SharedValue } from '@plumb/rpc';
import type { RegistryEvent, ServiceEvent } from './contract.ts';
import type { Instance } from './dictionary-schemas.ts';
import type { HubChange, RegistryHub } from './registry-hub.ts';
import type { RegistryView } from './registry-view.ts';

/** An application, service or instance, encoded, roughly. */
const ITEM_BYTES = 400;
/** Of a watch of everything. */
const EVERYTHING = '';

/** The dictionary, or one application's part of it. */
export async function* watchDictionary(
  hub: RegistryHub,
  application: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<RegistryEvent | SharedValue<RegistryEvent>> {
  for await (const event of hub.watch(signal)) {
    const item = event.kind === 'snapshot' ? snapshotFor(event.view, application) : sharedChange(event, application);
    if (item !== undefined) yield item;
  }
}

/** What is told of one change is made once for each application that is asked for. */
function sharedChange(event: HubChange, application: string | undefined): SharedValue<RegistryEvent> | undefined {
  const told = (event.told ??= new Map());
  const key = application ?? EVERYTHING;
  if (!told.has(key)) told.set(key, share(changeFor(event, application)));
  return told.get(key);
}

function share(event: RegistryEvent | undefined): SharedValue<RegistryEvent> | undefined {
  if (event === undefined) return undefined;
  const count = event.applications.length + event.services.length + event.instances.length;
  return new SharedValue(event, (count + 1) * ITEM_BYTES);
}

/**
 * The instances of one service.
 * @throws what `missing` makes where the service is neither declared nor seen, at the beginning or later.
 */
export async function* watchService(
  hub: RegistryHub,
  { service, includeUnready = false }: { readonly service: string; readonly includeUnready?: boolean | undefined },
  { signal, missing }: { readonly signal: AbortSignal; readonly missing: () => OperatingError },
): AsyncGenerator<ServiceEvent> {
  const isWanted = ({ health }: Instance): boolean => includeUnready || health.state === 'ready';
  /** The ids that the reader knows of. */
  const told = new Set<string>();
  for await (const event of hub.watch(signal)) {
    const { view } = hub;
    if (event.kind === 'snapshot') {
      if (!isKnown(view, service)) throw missing();
      const instances = [...view.instancesOf(service).values()].filter(isWanted);
      told.clear();
      for (const { id } of instances) told.add(id);
      yield { kind: 'snapshot', revision: view.revision, instances };
      continue;
    }
    const { change, removed } = event;
    const own = change.instances.filter((instance) => instance.service === service);
    const instances = own.filter(isWanted);
    const gone = [...own.filter((one) => !isWanted(one)), ...removed.instances].filter(({ id }) => told.delete(id));
    for (const { id } of instances) told.add(id);
    if (instances.length + gone.length > 0)
      yield { kind: 'change', revision: change.revision, instances, removed: gone.map(({ id }) => id) };
    if (removed.services.some(({ name }) => name === service) && !isKnown(view, service)) throw missing();
  }
}

/** Declared, or seen. */
export function isKnown(view: RegistryView, service: string): boolean {
  return view.services.has(service) || view.instancesOf(service).size > 0;
}

function snapshotFor(view: RegistryView, application: string | undefined): RegistryEvent {
  const isOwn = (part: { readonly application: string }): boolean =>
    application === undefined || part.application === application;
  return {
    kind: 'snapshot',
    revision: view.revision,
    applications: [...view.applications.values()].filter(({ name }) => isOwn({ application: name })),
    services: [...view.services.values()].filter(isOwn),
    instances: [...view.instances.values()].filter(isOwn),
  };
}

/** The part of a change that belongs to one application, or all of it; undefined where nothing is left. */
function changeFor({ change, removed }: HubChange, application: string | undefined): RegistryEvent | undefined {
  if (application === undefined) return change;
  const isOwn = (part: { readonly application: string }): boolean => part.application === application;
  const own = {
    applications: change.applications.filter(({ name }) => name === application),
    services: change.services.filter(isOwn),
    instances: change.instances.filter(isOwn),
  };
  const gone = {
    applications: removed.applications.filter(({ name }) => name === application).map(({ name }) => name),
    services: removed.services.filter(isOwn).map(({ name }) => name),
    instances: removed.instances.filter(isOwn).map(({ id }) => id),
  };
  const isEmpty = [...Object.values(own), ...Object.values(gone)].every(({ length }) => length === 0);
  return isEmpty ? undefined : { kind: 'change', revision: change.revision, ...own, removed: gone };
}
