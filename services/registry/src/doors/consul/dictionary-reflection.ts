/**
 * Keeps in the dictionary what was registered through the door: each service whose name and port the dictionary can hold
 * is an observed instance there, so that Plumb resolves it, DNS answers for it, and drift shows it as seen and not
 * declared. Level-triggered: what is announced follows from what is in the catalogue.
 */
import { type Clock, createRepeater, describeError, isName, type Log, type Repeater } from '@plumb/base';
import type { Entry, Kv } from '@plumb/kv';
import type { Caller } from '@plumb/rpc';
import type { Registration, RegistryHandlers } from '../../contract.ts';
import { CHECKS_MAX, DETAILS_MAX, type Health } from '../../dictionary-schemas.ts';
import { createRegistryStore } from '../../registry-store.ts';
import type { CheckStatus, ServiceRecord } from './catalog-records.ts';
import type { Held } from './catalog-content.ts';
import type { CatalogView } from './catalog-view.ts';
import { isReflected, reflectedId } from './instance-records.ts';
import { NODE_CHECK_ID } from './node-identity.ts';
import type { StoreListener } from './store-follower.ts';

/** The dictionary, as far as it is needed here: `registry.register` and `registry.deregister`. */
export type Announcer = {
  readonly announce: (registration: Registration) => Promise<void>;
  readonly withdraw: (instanceId: string) => Promise<void>;
};

/** Announces through the handlers of the dictionary, which is its only writer. */
export function announceTo({ register, deregister }: Pick<RegistryHandlers, 'register' | 'deregister'>): Announcer {
  const caller: Caller = { id: 'consul', scopes: ['registry:*'] };
  const call = { caller, signal: new AbortController().signal };
  return {
    announce: async (registration) => void (await register({ ...registration, keptBy: 'nobody' }, call)),
    withdraw: async (instanceId) => void (await deregister({ instanceId }, call)),
  };
}

export type ReflectionDependencies = {
  readonly kv: Kv;
  readonly view: CatalogView;
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly log: Log;
  readonly closing: AbortSignal;
};

/** Before the next try when the dictionary refused: soon, but no storm. */
const RETRY_MS = 1_000;
const ID_LENGTH_MAX = 255;
const TAG_LENGTH_MAX = 128;
const CHECK_NAME_LENGTH_MAX = 256;
const OUTPUT_LENGTH_MAX = 4_096;

type Since = { readonly state: string; readonly at: number };

const NO_TIMES: ReadonlyMap<string, Since> = new Map();

export class DictionaryReflection implements StoreListener {
  readonly #dependencies: ReflectionDependencies;
  readonly #instancesPrefix: string;
  readonly #repeater: Repeater;
  /** Names of services to look at; all of them where `#isAllDirty`. */
  readonly #dirty = new Set<string>();
  /** What was announced, as text, by service and instance. */
  readonly #announced = new Map<string, Map<string, string>>();
  /** By instance: since when its health ('') and its checks are in their state. */
  readonly #times = new Map<string, ReadonlyMap<string, Since>>();

  constructor(dependencies: ReflectionDependencies) {
    this.#dependencies = dependencies;
    this.#instancesPrefix = createRegistryStore(dependencies.kv).instances.key('');
    this.#repeater = createRepeater(() => this.#work());
    dependencies.view.subscribe((touched) => {
      if (touched === undefined) return this.#lookAtAll();
      for (const topic of touched) if (topic.startsWith('service:')) this.#dirty.add(topic.slice('service:'.length));
      if (this.#dirty.size > 0) this.#repeater.request();
    });
  }

  /** What an earlier run announced is looked at as well. */
  onSnapshot(entries: readonly Entry[]): void {
    for (const { key } of entries) {
      const found = this.#reflectedIn(key);
      if (found !== undefined) this.#announcedOf(found.service).set(found.id, '');
    }
    this.#lookAtAll();
  }

  /** Whoever takes an instance out of the dictionary, such as by withdrawing its service, does not take it out here. */
  onChange({ deletes }: { readonly deletes: readonly string[] }): void {
    for (const key of deletes) {
      const found = this.#reflectedIn(key);
      if (found === undefined || this.#announced.get(found.service)?.delete(found.id) !== true) continue;
      this.#dirty.add(found.service);
      this.#repeater.request();
    }
  }

  /** Resolves when what changed so far has been announced, or could not be. */
  async settled(): Promise<void> {
    await this.#repeater.whenIdle();
  }

  #lookAtAll(): void {
    for (const { service } of this.#dependencies.view.services()) this.#dirty.add(service);
    for (const service of this.#announced.keys()) this.#dirty.add(service);
    this.#repeater.request();
  }

  async #work(): Promise<void> {
    const { closing, clock, log } = this.#dependencies;
    for (const service of this.#dirty) {
      if (closing.aborted) return;
      this.#dirty.delete(service);
      try {
        await this.#reflect(service);
      } catch (error) {
        if (closing.aborted) return;
        log.warn('consul.reflect-failed', { service, error: describeError(error) });
        clock.after(RETRY_MS, () => {
          this.#dirty.add(service);
          this.#repeater.request();
        });
      }
    }
  }

  async #reflect(name: string): Promise<void> {
    const { view, announcer } = this.#dependencies;
    const wanted = new Map(
      view.servicesNamed(name).flatMap((service) => {
        const registration = service.origin === 'door' ? this.#registrationOf(service) : undefined;
        return registration === undefined ? [] : [[reflectedId(service), registration] as const];
      }),
    );
    const announced = this.#announcedOf(name);
    for (const [id, registration] of wanted) {
      const text = JSON.stringify(registration);
      if (announced.get(id) === text) continue;
      await announcer.announce(registration);
      announced.set(id, text);
    }
    for (const id of announced.keys()) {
      if (wanted.has(id)) continue;
      announced.delete(id);
      this.#times.delete(id);
      await announcer.withdraw(id);
    }
    if (announced.size === 0) this.#announced.delete(name);
  }

  /** Undefined for what the dictionary cannot hold: a name that is no DNS label, or no port. */
  #registrationOf(service: Held<ServiceRecord>): Registration | undefined {
    const { view } = this.#dependencies;
    const { node, port, tags, meta } = service;
    const instanceId = reflectedId(service);
    const address = service.address === '' ? view.node(node).address : service.address;
    if (!isName(service.service) || port < 1 || address === '' || instanceId.length > ID_LENGTH_MAX) return undefined;
    return {
      service: service.service,
      address,
      port,
      instanceId,
      host: node,
      application: service.service,
      tags: tags.filter((tag) => tag !== '' && tag.length <= TAG_LENGTH_MAX).slice(0, DETAILS_MAX),
      facts: { ...meta },
      health: this.#healthOf(service, instanceId),
    };
  }

  #healthOf(service: Held<ServiceRecord>, instanceId: string): Health {
    const checks = this.#dependencies.view.checksOf(service).filter(({ checkId }) => checkId !== NODE_CHECK_ID);
    const bad = checks.find(({ status }) => status === 'critical') ?? checks.find(({ status }) => status === 'warning');
    const state = bad === undefined ? 'ready' : 'unready';
    const before = this.#times.get(instanceId) ?? NO_TIMES;
    const times = new Map<string, Since>();
    this.#times.set(instanceId, times);
    const sinceAt = (what: string, now: CheckStatus | Health['state']): number => {
      const known = before.get(what);
      const since = known?.state === now ? known : { state: now, at: this.#dependencies.clock.now() };
      times.set(what, since);
      return since.at;
    };
    return {
      state,
      ...(bad === undefined ? {} : { reason: `${bad.name}: ${bad.status}` }),
      sinceAt: sinceAt('', state),
      checks: checks.slice(0, CHECKS_MAX).map(({ checkId, name, status, output }) => ({
        id: checkId,
        name: name.slice(0, CHECK_NAME_LENGTH_MAX),
        state: status,
        ...(output === '' ? {} : { output: output.slice(0, OUTPUT_LENGTH_MAX) }),
        sinceAt: sinceAt(checkId, status),
      })),
    };
  }

  #announcedOf(service: string): Map<string, string> {
    const announced = this.#announced.get(service) ?? new Map<string, string>();
    this.#announced.set(service, announced);
    return announced;
  }

  #reflectedIn(key: string): { readonly service: string; readonly id: string } | undefined {
    if (!key.startsWith(this.#instancesPrefix)) return undefined;
    const place = key.slice(this.#instancesPrefix.length);
    const slash = place.indexOf('/');
    const id = place.slice(slash + 1);
    return isReflected(id) ? { service: place.slice(0, slash), id } : undefined;
  }
}
