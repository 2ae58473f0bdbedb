/**
 * The catalogue as this process has read it: what was registered through the door, and the instances of the dictionary,
 * in maps, so that what is asked of it costs what it answers.
 *
 * Every change touches the topics that blocking queries wait for: `services` for the list of names, `service:NAME`,
 * `nodes`, `node:NODE`, and `checks`.
 */
import type { Entry, Kv } from '@plumb/kv';
import { type CatalogContent, ContentReader, type Held, isSameListing } from './catalog-content.ts';
import type { CatalogStore, CheckRecord, NodeRecord, ServiceRecord } from './catalog-records.ts';
import { type ConsulAgent, nodeIdOf, OWN_SERVICE } from './node-identity.ts';
import { nodeCheck, ownNode, ownService } from './own-entries.ts';
import type { StoreListener } from './store-follower.ts';
import type { Topics } from './topics.ts';

/** Told which topics a change touched; of undefined, anything may have changed. */
export type CatalogListener = (touched: ReadonlySet<string> | undefined) => void;

export class CatalogView implements StoreListener {
  readonly store: CatalogStore;
  readonly #reader: ContentReader;
  readonly #topics: Topics;
  readonly #agent: ConsulAgent;
  /** By key of the store. */
  #contents = new Map<string, CatalogContent>();
  #nodes = new Map<string, Held<NodeRecord>>();
  /** By name, then by node and id. */
  #services = new Map<string, Map<string, Held<ServiceRecord>>>();
  /** By node, then by id. */
  #byNode = new Map<string, Map<string, Held<ServiceRecord>>>();
  #checks = new Map<string, Map<string, Held<CheckRecord>>>();
  readonly #listeners = new Set<CatalogListener>();
  #doorCounts = { nodes: 0, services: 0, checks: 0 };

  constructor(kv: Kv, { topics, agent }: { readonly topics: Topics; readonly agent: ConsulAgent }) {
    this.#reader = new ContentReader(kv);
    this.store = this.#reader.store;
    this.#topics = topics;
    this.#agent = agent;
    this.#addOwn();
  }

  /** Calls `listener` after each change, before anything else of this process sees it. */
  subscribe(listener: CatalogListener): void {
    this.#listeners.add(listener);
  }

  /** Of what was registered through the door. */
  get doorCounts(): { readonly nodes: number; readonly services: number; readonly checks: number } {
    return this.#doorCounts;
  }

  /** All of them, in no order. */
  *services(): Generator<Held<ServiceRecord>, void, undefined> {
    for (const services of this.#services.values()) yield* services.values();
  }

  /** Names of services in order, with the tags of all of each. */
  serviceNames(isWanted: (service: Held<ServiceRecord>) => boolean): ReadonlyMap<string, readonly string[]> {
    const names = new Map<string, string[]>();
    for (const [name, services] of [...this.#services].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const wanted = [...services.values()].filter(isWanted);
      if (wanted.length > 0) names.set(name, [...new Set(wanted.flatMap(({ tags }) => tags))].toSorted());
    }
    return names;
  }

  /** By node and id. */
  servicesNamed(name: string): readonly Held<ServiceRecord>[] {
    return sorted(this.#services.get(name));
  }

  hasService(name: string): boolean {
    return this.#services.has(name);
  }

  servicesOn(node: string): readonly Held<ServiceRecord>[] {
    return sorted(this.#byNode.get(node));
  }

  service(node: string, id: string): Held<ServiceRecord> | undefined {
    return this.#byNode.get(node)?.get(id);
  }

  /** The check that Plumb makes of every node it vouches for comes first, then by id. */
  checksOn(node: string): readonly Held<CheckRecord>[] {
    return [...this.#nodeChecks(node), ...sorted(this.#checks.get(node))];
  }

  /** Those of the whole node, and of the service. */
  checksOf({ node, id }: Pick<ServiceRecord, 'node' | 'id'>): readonly Held<CheckRecord>[] {
    return this.checksOn(node).filter(({ serviceId }) => serviceId === '' || serviceId === id);
  }

  check(node: string, checkId: string): Held<CheckRecord> | undefined {
    return this.#checks.get(node)?.get(checkId) ?? this.#nodeChecks(node).find((check) => check.checkId === checkId);
  }

  /** By name. */
  nodes(): readonly Held<NodeRecord>[] {
    const names = new Set([...this.#nodes.keys(), ...this.#byNode.keys()]);
    return [...names].toSorted().map((name) => this.node(name));
  }

  hasNode(name: string): boolean {
    return this.#nodes.has(name) || this.#byNode.has(name);
  }

  /** Also for a node of which nothing is known but its services: it is where they are. */
  node(name: string): Held<NodeRecord> {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const [service] = this.#byNode.get(name)?.values() ?? [];
    const { createIndex = 1, modifyIndex = 1 } = service ?? {};
    return {
      node: name,
      id: nodeIdOf(name),
      address: service?.address ?? '',
      taggedAddresses: {},
      meta: {},
      createIndex,
      modifyIndex,
      origin: 'dictionary',
    };
  }

  onSnapshot(entries: readonly Entry[], revision: number): void {
    this.#contents = new Map();
    this.#nodes = new Map();
    this.#services = new Map();
    this.#byNode = new Map();
    this.#checks = new Map();
    this.#doorCounts = { nodes: 0, services: 0, checks: 0 };
    this.#addOwn();
    for (const entry of entries) {
      const content = this.#reader.read(entry);
      if (content !== undefined) this.#add(entry.key, content);
    }
    this.#topics.reset(revision);
    for (const listener of this.#listeners) listener(undefined);
  }

  onChange({
    revision,
    puts,
    deletes,
  }: {
    readonly revision: number;
    readonly puts: readonly Entry[];
    readonly deletes: readonly string[];
  }): void {
    const touched = new Set<string>();
    for (const key of deletes) this.#replace(key, undefined, touched);
    for (const entry of puts) this.#replace(entry.key, this.#reader.read(entry), touched);
    if (touched.size === 0) return;
    for (const topic of touched) this.#topics.touch(topic, revision);
    for (const listener of this.#listeners) listener(touched);
  }

  #replace(key: string, content: CatalogContent | undefined, touched: Set<string>): void {
    const before = this.#contents.get(key);
    if (before === undefined && content === undefined) return;
    if (before !== undefined) this.#touch(before, touched);
    if (before !== undefined) this.#remove(key, before);
    if (content !== undefined) this.#add(key, content);
    if (content !== undefined) this.#touch(content, touched);
    if (!isSameListing(before?.service, content?.service)) touched.add('services');
  }

  /** Before a content is taken out, and after one came in: what it is part of is known then. */
  #touch({ node, service, checks }: CatalogContent, touched: Set<string>): void {
    if (node !== undefined) {
      touched.add('nodes').add('services').add('checks');
      this.#touchNode(node.node, touched);
    }
    if (service !== undefined) {
      touched.add(`service:${service.service}`).add(`node:${service.node}`);
      // A node of which nothing else is known comes and goes with its services.
      if (!this.#nodes.has(service.node)) touched.add('nodes').add('checks');
    }
    for (const check of checks) {
      touched.add('checks').add(`node:${check.node}`);
      if (check.serviceId === '') this.#touchNode(check.node, touched);
      else touched.add(`service:${this.service(check.node, check.serviceId)?.service ?? check.serviceName}`);
    }
  }

  /** What concerns a whole node concerns the services on it. */
  #touchNode(node: string, touched: Set<string>): void {
    touched.add(`node:${node}`);
    for (const { service } of this.#byNode.get(node)?.values() ?? []) touched.add(`service:${service}`);
  }

  #add(key: string, content: CatalogContent): void {
    const { node, service, checks } = content;
    this.#contents.set(key, content);
    this.#count(content, 1);
    if (node !== undefined) this.#nodes.set(node.node, node);
    if (service !== undefined) {
      within(this.#services, service.service).set(`${service.node}/${service.id}`, service);
      within(this.#byNode, service.node).set(service.id, service);
    }
    for (const check of checks) within(this.#checks, check.node).set(check.checkId, check);
  }

  #remove(key: string, content: CatalogContent): void {
    const { node, service, checks } = content;
    this.#contents.delete(key);
    this.#count(content, -1);
    if (node !== undefined) this.#nodes.delete(node.node);
    if (node?.node === this.#agent.nodeName) this.#addOwn();
    if (service !== undefined) {
      without(this.#services, service.service, `${service.node}/${service.id}`);
      without(this.#byNode, service.node, service.id);
    }
    for (const check of checks) without(this.#checks, check.node, check.checkId);
  }

  #count({ node, service, checks }: CatalogContent, by: 1 | -1): void {
    if (node?.origin === 'door') this.#doorCounts.nodes += by;
    if (service?.origin === 'door') this.#doorCounts.services += by;
    if (checks[0]?.origin === 'door') this.#doorCounts.checks += by;
  }

  #addOwn(): void {
    const { nodeName } = this.#agent;
    const own = ownService(this.#agent);
    this.#nodes.set(nodeName, ownNode(this.#agent));
    within(this.#services, OWN_SERVICE).set(`${nodeName}/${OWN_SERVICE}`, own);
    within(this.#byNode, nodeName).set(OWN_SERVICE, own);
  }

  #nodeChecks(node: string): readonly Held<CheckRecord>[] {
    return this.#nodes.get(node)?.origin === 'door' || !this.hasNode(node) ? [] : [nodeCheck(node)];
  }
}

function sorted<T>(map: ReadonlyMap<string, T> | undefined): readonly T[] {
  return [...(map ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

function within<T>(maps: Map<string, Map<string, T>>, name: string): Map<string, T> {
  const map = maps.get(name) ?? new Map<string, T>();
  maps.set(name, map);
  return map;
}

function without<T>(maps: Map<string, Map<string, T>>, name: string, id: string): void {
  const map = maps.get(name);
  map?.delete(id);
  if (map?.size === 0) maps.delete(name);
}
