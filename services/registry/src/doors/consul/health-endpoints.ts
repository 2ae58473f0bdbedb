/** `/v1/health/`: services with their checks, which is what clients that look for a place to call ask for. */
import { checkJson, nodeJson, serviceJson } from './catalog-json.ts';
import { type CatalogQuery, maySee } from './catalog-query.ts';
import type { CheckRecord } from './catalog-records.ts';
import type { Held } from './catalog-content.ts';
import type { CatalogView } from './catalog-view.ts';
import { badRequest } from './consul-error.ts';
import { booleanFlag, type EndpointRequest, type Endpoints, type Reply, requireName } from './consul-request.ts';
import type { ConsulAgent } from './node-identity.ts';

export type HealthEndpointDependencies = {
  readonly view: CatalogView;
  readonly query: CatalogQuery;
  readonly agent: ConsulAgent;
  /** Notes that somebody looked a service up. */
  readonly noteUse: (service: string, request: EndpointRequest) => void;
};

const STATES = ['any', 'passing', 'warning', 'critical'];

export function healthEndpoints({ view, query, agent, noteUse }: HealthEndpointDependencies): Endpoints {
  const toJson = (check: Held<CheckRecord>): object =>
    checkJson(check, view.service(check.node, check.serviceId)?.tags ?? []);

  const ofService = (request: EndpointRequest): Promise<Reply> => {
    const name = requireName(request, 'Missing service name');
    const isPassing = booleanFlag(request, 'passing') ?? false;
    const isWanted = query.wants(request);
    noteUse(name, request);
    return query.answer(request, `service:${name}`, () =>
      view
        .servicesNamed(name)
        .filter(isWanted)
        .flatMap((service) => {
          const checks = view.checksOf(service);
          if (isPassing && checks.some(({ status }) => status !== 'passing')) return [];
          const node = nodeJson(view.node(service.node), agent.datacenter);
          return [{ Node: node, Service: serviceJson(service), Checks: checks.map(toJson) }];
        }),
    );
  };

  return {
    '/v1/health/service/': { GET: ofService },
    // No service has a mesh: nothing takes part in one.
    '/v1/health/connect/': { GET: (request) => query.answer(request, `service:${request.name}`, () => []) },
    '/v1/health/node/': {
      GET: (request) => {
        const name = requireName(request, 'Missing node name');
        return query.answer(request, `node:${name}`, () =>
          view
            .checksOn(name)
            .filter(({ serviceName }) => maySee(request.caller, serviceName))
            .map(toJson),
        );
      },
    },
    '/v1/health/checks/': {
      GET: (request) => {
        const name = requireName(request, 'Missing service name');
        const isWanted = query.wants(request);
        return query.answer(request, `service:${name}`, () =>
          view
            .servicesNamed(name)
            .filter(isWanted)
            .flatMap((service) =>
              view
                .checksOf(service)
                .filter(({ serviceId }) => serviceId !== '')
                .map(toJson),
            ),
        );
      },
    },
    '/v1/health/state/': {
      GET: (request) => {
        const state = requireName(request, 'Missing check state');
        if (!STATES.includes(state)) throw badRequest(`Invalid check state "${state}": use ${STATES.join(', ')}`);
        const isWanted = query.wantsNode(request);
        return query.answer(request, 'checks', () =>
          view
            .nodes()
            .filter(isWanted)
            .flatMap(({ node }) =>
              view
                .checksOn(node)
                .filter(
                  ({ status, serviceName }) =>
                    (state === 'any' || status === state) && maySee(request.caller, serviceName),
                )
                .map(toJson),
            ),
        );
      },
    },
  };
}
