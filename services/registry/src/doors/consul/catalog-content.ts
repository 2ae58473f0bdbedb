/** What one key of the store brings into the catalogue. */
import type { Entry, Kv } from '@plumb/kv';
import { createRegistryStore } from '../../registry-store.ts';
import {
  type CatalogStore,
  type CheckRecord,
  createCatalogStore,
  type NodeRecord,
  type ServiceRecord,
} from './catalog-records.ts';
import { isReflected, recordsOfInstance } from './instance-records.ts';

/** A record with the revisions at which it came to be and was changed last. `origin` tells who keeps it. */
export type Held<T> = T & {
  readonly createIndex: number;
  readonly modifyIndex: number;
  readonly origin: 'door' | 'dictionary' | 'built-in';
};

export type CatalogContent = {
  readonly node?: Held<NodeRecord>;
  readonly service?: Held<ServiceRecord>;
  readonly checks: readonly Held<CheckRecord>[];
};

export class ContentReader {
  readonly store: CatalogStore;
  readonly #instances: ReturnType<typeof createRegistryStore>['instances'];

  constructor(kv: Kv) {
    this.store = createCatalogStore(kv);
    this.#instances = createRegistryStore(kv).instances;
  }

  /** Undefined for a key of something else, and for an instance that is in the dictionary because it is in the catalogue. */
  read(entry: Entry): CatalogContent | undefined {
    const { key, createRevision, modRevision } = entry;
    const { nodes, services, checks } = this.store;
    const held = { createIndex: createRevision, modifyIndex: modRevision };
    const own = { ...held, origin: 'door' } as const;
    if (key.startsWith(nodes.key(''))) return { node: { ...nodes.parse(entry).value, ...own }, checks: [] };
    if (key.startsWith(services.key(''))) return { service: { ...services.parse(entry).value, ...own }, checks: [] };
    if (key.startsWith(checks.key(''))) return { checks: [{ ...checks.parse(entry).value, ...own }] };
    if (!key.startsWith(this.#instances.key(''))) return undefined;
    const instance = this.#instances.parse(entry).value;
    if (isReflected(instance.id)) return undefined;
    const { service, check } = recordsOfInstance(instance);
    const whole = { ...held, origin: 'dictionary' } as const;
    return { service: { ...service, ...whole }, checks: [{ ...check, ...whole }] };
  }
}

/** Whether the list of names and tags is the same with one as with the other. */
export function isSameListing(a: ServiceRecord | undefined, b: ServiceRecord | undefined): boolean {
  return a?.service === b?.service && a?.node === b?.node && a?.tags.join('\0') === b?.tags.join('\0');
}
