/** The health of the agent's services, as a status that load balancers can ask for like a page. */
import { agentServiceJson, checkJson, worstStatus } from './catalog-json.ts';
import type { Held } from './catalog-content.ts';
import { maySee } from './catalog-query.ts';
import type { ServiceRecord } from './catalog-records.ts';
import type { CatalogView } from './catalog-view.ts';
import type { EndpointRequest, Reply } from './consul-request.ts';
import type { ConsulAgent } from './node-identity.ts';

/** What Consul answers for the health of a service, by its worst check. */
const HEALTH_STATUS = { passing: 200, warning: 429, critical: 503 } as const;

type HealthOptions = {
  readonly view: CatalogView;
  readonly agent: ConsulAgent;
  /** What is said where there is none. */
  readonly missing: string;
  /** One service by its id, not all of a name. */
  readonly isOne: boolean;
};

export function healthReply(
  { query, caller }: EndpointRequest,
  services: readonly Held<ServiceRecord>[],
  { view, agent, missing, isOne }: HealthOptions,
): Reply {
  const seen = services.filter(({ service }) => maySee(caller, service));
  const isText = query.get('format') === 'text';
  if (seen.length === 0) {
    if (isText) return { status: 404, contentType: 'text/plain; charset=utf-8', body: missing };
    return { status: 404, value: isOne ? { AggregatedStatus: 'critical', Service: null, Checks: null } : [] };
  }
  const reports = seen.map((service) => {
    const checks = view.checksOf(service).filter(({ origin }) => origin === 'door');
    return {
      AggregatedStatus: worstStatus(checks),
      Service: agentServiceJson(service, agent.datacenter),
      Checks: checks.map((check) => checkJson(check, service.tags)),
    };
  });
  const worst = worstStatus(reports.map(({ AggregatedStatus }) => ({ status: AggregatedStatus })));
  const status = HEALTH_STATUS[worst];
  if (isText) return { status, contentType: 'text/plain; charset=utf-8', body: worst };
  return { status, value: isOne ? reports[0] : reports };
}
