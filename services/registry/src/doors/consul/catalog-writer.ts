/**
 * Changes of what is registered through the door, one after the other for a node: what a change is made of is what the
 * one before it left. Each is one transaction, and has been read by this process when it resolves.
 */
import { OperatingError, Turns } from '@plumb/base';
import type { Kv, Operation } from '@plumb/kv';
import { type CheckRecord, type NodeRecord, placeOf, type ServiceRecord } from './catalog-records.ts';
import type { CatalogView } from './catalog-view.ts';
import { badRequest } from './consul-error.ts';
import { CHECKS_MAX, DEFINITION_SIZE_BYTES_MAX, NODES_MAX, SERVICES_MAX } from './limits.ts';
import type { StoreFollower } from './store-follower.ts';

export type CatalogWriterDependencies = {
  readonly kv: Kv;
  readonly view: CatalogView;
  readonly follower: StoreFollower;
};

export type Registration = {
  readonly node?: NodeRecord | undefined;
  readonly service?: ServiceRecord | undefined;
  readonly checks: readonly CheckRecord[];
  /** Checks of the service that are not among `checks` go. */
  readonly replacesChecks?: boolean | undefined;
};

/** Checks that one service, or one request, has: with all of them a transaction holds. */
const CHECKS_AT_ONCE_MAX = 256;

export class CatalogWriter {
  readonly #dependencies: CatalogWriterDependencies;
  readonly #turns = new Turns();

  constructor(dependencies: CatalogWriterDependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws OperatingError `exhausted` beyond a bound; ConsulError 400 for what is too large. */
  async register(nodeName: string, registration: Registration): Promise<void> {
    await this.#change(nodeName, () => this.#registerOperations(nodeName, registration));
  }

  /** With its checks. False where it was not registered through the door. */
  async deregisterService(node: string, id: string): Promise<boolean> {
    const { view } = this.#dependencies;
    return this.#change(node, () => {
      if (view.service(node, id)?.origin !== 'door') return undefined;
      const checks = this.#ownChecks(node).filter(({ serviceId }) => serviceId === id);
      const { services } = view.store;
      return [services.deleteOperation(placeOf(node, id)), ...checks.map((check) => this.#deleteCheck(check))];
    });
  }

  async deregisterCheck(node: string, checkId: string): Promise<boolean> {
    return this.#change(node, () => {
      const check = this.#ownCheck(node, checkId);
      return check && [this.#deleteCheck(check)];
    });
  }

  /** With all that is on it and was registered through the door. */
  async deregisterNode(node: string): Promise<boolean> {
    const { view } = this.#dependencies;
    const { nodes, services, checks } = view.store;
    return this.#change(node, () => [
      nodes.deleteOperation(node),
      { kind: 'delete-prefix', prefix: services.key(placeOf(node, '')) },
      { kind: 'delete-prefix', prefix: checks.key(placeOf(node, '')) },
    ]);
  }

  /** Replaces a check by what `next` makes of it; undefined keeps it. False where it is not there. */
  async updateCheck(
    node: string,
    checkId: string,
    next: (check: CheckRecord) => CheckRecord | undefined,
  ): Promise<boolean> {
    return this.#change(node, () => {
      const check = this.#ownCheck(node, checkId);
      if (check === undefined) return undefined;
      const record = next(check);
      return record === undefined ? [] : [this.#putCheck(record)];
    });
  }

  #registerOperations(nodeName: string, registration: Registration): Operation[] {
    const { view } = this.#dependencies;
    const { nodes, services } = view.store;
    const { node, service, checks, replacesChecks = false } = registration;
    this.#requireRoom(nodeName, registration);
    const kept = new Set(checks.map(({ checkId }) => checkId));
    const dropped = replacesChecks
      ? this.#ownChecks(nodeName).filter(({ serviceId, checkId }) => serviceId === service?.id && !kept.has(checkId))
      : [];
    return [
      ...(node === undefined ? [] : [nodes.putOperation(nodeName, node)]),
      ...(service === undefined ? [] : [services.putOperation(placeOf(nodeName, service.id), service)]),
      ...checks.map((check) => this.#putCheck(check)),
      ...dropped.map((check) => this.#deleteCheck(check)),
    ];
  }

  #requireRoom(nodeName: string, { node, service, checks }: Registration): void {
    const { view } = this.#dependencies;
    const { doorCounts } = view;
    if (JSON.stringify([node, service, checks]).length > DEFINITION_SIZE_BYTES_MAX) {
      throw badRequest(
        `a registration has at most ${DEFINITION_SIZE_BYTES_MAX} characters as JSON: leave something out`,
      );
    }
    if (checks.length > CHECKS_AT_ONCE_MAX) throw badRequest(`a service has at most ${CHECKS_AT_ONCE_MAX} checks`);
    if (service !== undefined) {
      const known = view.service(nodeName, service.id);
      if (known !== undefined && known.origin !== 'door')
        throw badRequest(`the service ID "${service.id}" is one that Plumb runs itself`);
      if (known === undefined) requireBelow(doorCounts.services, SERVICES_MAX, 'services');
    }
    const fresh = checks.filter(({ checkId }) => view.check(nodeName, checkId) === undefined).length;
    if (fresh > 0) requireBelow(doorCounts.checks + fresh - 1, CHECKS_MAX, 'checks');
    if (node !== undefined && !view.hasNode(nodeName)) requireBelow(doorCounts.nodes, NODES_MAX, 'nodes');
  }

  /** Whether there was something to change. */
  async #change(node: string, make: () => Operation[] | undefined): Promise<boolean> {
    const { kv, follower } = this.#dependencies;
    return this.#turns.run(node, async () => {
      await follower.caughtUp();
      const operations = make();
      if (operations === undefined) return false;
      if (operations.length === 0) return true;
      const result = await kv.transact(operations);
      if (result.kind === 'committed') await follower.reached(result.revision);
      return true;
    });
  }

  #ownChecks(node: string): readonly CheckRecord[] {
    return this.#dependencies.view
      .checksOn(node)
      .filter(({ origin }) => origin === 'door')
      .map(recordOf);
  }

  #ownCheck(node: string, checkId: string): CheckRecord | undefined {
    const check = this.#dependencies.view.check(node, checkId);
    return check?.origin === 'door' ? recordOf(check) : undefined;
  }

  #putCheck(check: CheckRecord): Operation {
    return this.#dependencies.view.store.checks.putOperation(placeOf(check.node, check.checkId), check);
  }

  #deleteCheck({ node, checkId }: CheckRecord): Operation {
    return this.#dependencies.view.store.checks.deleteOperation(placeOf(node, checkId));
  }
}

/** Without what the view knows beside it. */
function recordOf({
  createIndex: _1,
  modifyIndex: _2,
  origin: _3,
  ...check
}: ReturnType<CatalogView['checksOn']>[number]): CheckRecord {
  return check;
}

function requireBelow(count: number, countMax: number, what: string): void {
  if (count < countMax) return;
  throw new OperatingError(
    'exhausted',
    `there are ${count} ${what} registered, the most there can be: deregister some`,
  );
}
