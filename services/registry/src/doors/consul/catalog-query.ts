/** What queries of the catalogue have in common: which part of it is asked for, and the blocking read of it. */
import type { Caller } from '@plumb/rpc';
import { may, mayAll, requireSomeAccess } from './access.ts';
import type { BlockingQueries } from './blocking.ts';
import type { NodeRecord, ServiceRecord } from './catalog-records.ts';
import type { Held } from './catalog-content.ts';
import type { CatalogView } from './catalog-view.ts';
import { badRequest } from './consul-error.ts';
import type { EndpointRequest, Reply } from './consul-request.ts';
import { OWN_SERVICE } from './node-identity.ts';
import type { SharedReads } from './shared-reads.ts';
import type { StoreFollower } from './store-follower.ts';
import type { Topics } from './topics.ts';

export type CatalogQueryDependencies = {
  readonly view: CatalogView;
  readonly topics: Topics;
  readonly follower: StoreFollower;
  readonly reads: SharedReads;
  readonly blocking: BlockingQueries;
};

export class CatalogQuery {
  readonly #dependencies: CatalogQueryDependencies;

  constructor(dependencies: CatalogQueryDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Answers with what `make` finds in the view, and waits for `topic` where the caller asks for it. The same question of
   * callers who may see the same is answered with the same value.
   * @throws ConsulError 403 for a caller who may see nothing of the catalogue.
   */
  async answer(request: EndpointRequest, topic: string, make: () => unknown): Promise<Reply> {
    const { caller, path, query } = request;
    requireSomeAccess(caller, 'registry:read');
    const { topics, follower, reads, blocking } = this.#dependencies;
    const shape = JSON.stringify([path, shapeOf(query), visibility(caller)]);
    return blocking.answer(request, async () => {
      await follower.caughtUp();
      const value = reads.share(shape, make);
      return { index: topics.index(topic), reply: { value }, changed: (signal) => topics.changed(topic, signal) };
    });
  }

  /** The services that the request asks for and the caller may see. @throws ConsulError 400 for what cannot be asked. */
  wants(request: EndpointRequest): (service: Held<ServiceRecord>) => boolean {
    const { view } = this.#dependencies;
    const { caller, query } = request;
    const tags = query.getAll('tag').filter((tag) => tag !== '');
    const isNodeWanted = nodeFilter(query);
    refuseFilter(query);
    return (service) =>
      maySee(caller, service.service) &&
      tags.every((tag) => service.tags.some((own) => own.toLowerCase() === tag.toLowerCase())) &&
      isNodeWanted(view.node(service.node));
  }

  wantsNode({ query }: EndpointRequest): (node: NodeRecord) => boolean {
    refuseFilter(query);
    return nodeFilter(query);
  }
}

/** Plumb itself, and nodes, are seen by all who see something of the catalogue. */
export function maySee(caller: Caller, service: string): boolean {
  return service === OWN_SERVICE || service === '' || may(caller, 'registry:read', service);
}

function nodeFilter(query: URLSearchParams): (node: NodeRecord) => boolean {
  const wanted = query.getAll('node-meta').map((pair) => {
    const colon = pair.indexOf(':');
    return colon < 0 ? { key: pair, value: '' } : { key: pair.slice(0, colon), value: pair.slice(colon + 1) };
  });
  return ({ meta }) => wanted.every(({ key, value }) => meta[key] === value);
}

/** To leave it out would answer with more than was asked for. */
function refuseFilter(query: URLSearchParams): void {
  if ((query.get('filter') ?? '') === '') return;
  throw badRequest('Plumb does not know filter expressions: use tag, node-meta or passing, or filter the answer');
}

/** The query without what does not change the answer. */
function shapeOf(query: URLSearchParams): string {
  const rest = new URLSearchParams(query);
  for (const name of ['index', 'wait', 'stale', 'consistent', 'cached', 'pretty', 'dc', 'near']) rest.delete(name);
  return rest.toString();
}

function visibility(caller: Caller): string {
  return mayAll(caller, 'registry:read') ? '*' : caller.scopes.join(' ');
}
