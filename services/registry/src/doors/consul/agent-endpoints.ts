/** `/v1/agent/`: what programs register with Plumb on this machine, and what it says of itself. */
import { mayAll, requireAccess, requireSomeAccess } from './access.ts';
import { healthReply } from './agent-health.ts';
import { memberJson, selfJson } from './agent-self.ts';
import { agentServiceJson } from './catalog-json.ts';
import { maySee } from './catalog-query.ts';
import type { ServiceRecord } from './catalog-records.ts';
import type { Held } from './catalog-content.ts';
import type { CatalogView } from './catalog-view.ts';
import type { CatalogWriter } from './catalog-writer.ts';
import { badRequest, ConsulError } from './consul-error.ts';
import {
  booleanFlag,
  EMPTY,
  type EndpointRequest,
  type Endpoints,
  hasFlag,
  type Reply,
  requireName,
} from './consul-request.ts';
import type { DictionaryReflection } from './dictionary-reflection.ts';
import { Fields } from './fields.ts';
import { maintenanceCheck, NODE_MAINTENANCE, serviceMaintenance } from './maintenance.ts';
import type { ConsulAgent } from './node-identity.ts';
import { readService, readServiceChecks } from './service-definition.ts';
import type { ServiceWait } from './service-wait.ts';

export type AgentEndpointDependencies = {
  readonly agent: ConsulAgent;
  readonly view: CatalogView;
  readonly writer: CatalogWriter;
  readonly reflection: DictionaryReflection;
  readonly wait: ServiceWait;
};

export function agentEndpoints(dependencies: AgentEndpointDependencies): Endpoints {
  const { agent, view, wait } = dependencies;
  const ownServices = (): readonly Held<ServiceRecord>[] =>
    view.servicesOn(agent.nodeName).filter(({ origin }) => origin === 'door');

  return {
    '/v1/agent/self': { GET: (request) => ofReader(request, () => ({ value: selfJson(agent) })) },
    '/v1/agent/members': { GET: (request) => ofReader(request, () => ({ value: [memberJson(agent)] })) },
    '/v1/agent/services': {
      GET: (request) =>
        ofReader(request, () => {
          const seen = ownServices().filter(({ service }) => maySee(request.caller, service));
          return { value: Object.fromEntries(seen.map((one) => [one.id, agentServiceJson(one, agent.datacenter)])) };
        }),
    },
    '/v1/agent/service/': {
      GET: (request) => {
        const id = requireName(request, 'Missing service id');
        requireSomeAccess(request.caller, 'registry:read');
        return wait.answer(request, () => {
          const service = ownServices().find((one) => one.id === id);
          if (service === undefined || !maySee(request.caller, service.service)) throw unknownService(id);
          return agentServiceJson(service, agent.datacenter);
        });
      },
    },
    '/v1/agent/service/register': { PUT: (request) => register(request, dependencies) },
    '/v1/agent/service/deregister/': { PUT: (request) => deregister(request, dependencies) },
    '/v1/agent/service/maintenance/': { PUT: (request) => maintainService(request, dependencies) },
    '/v1/agent/maintenance': { PUT: (request) => maintainNode(request, dependencies) },
    '/v1/agent/health/service/id/': {
      GET: (request) =>
        ofReader(request, () => {
          const id = requireName(request, 'Missing serviceID');
          const service = ownServices().find((one) => one.id === id);
          const missing = `ServiceId ${id} not found`;
          return healthReply(request, service === undefined ? [] : [service], { view, agent, missing, isOne: true });
        }),
    },
    '/v1/agent/health/service/name/': {
      GET: (request) =>
        ofReader(request, () => {
          const name = requireName(request, 'Missing service Name');
          const services = ownServices().filter(({ service }) => service === name);
          return healthReply(request, services, { view, agent, missing: 'ServiceName not found', isOne: false });
        }),
    },
  };
}

function ofReader({ caller }: EndpointRequest, answer: () => Reply): Reply {
  requireSomeAccess(caller, 'registry:read');
  return answer();
}

async function register(request: EndpointRequest, dependencies: AgentEndpointDependencies): Promise<Reply> {
  const { agent, writer, reflection } = dependencies;
  const fields = Fields.parse(request.body);
  const service = readService(fields, agent.nodeName, 'Name');
  const checks = readServiceChecks(fields, service);
  requireAccess(request.caller, 'registry:register', service.service);
  requireOldName(service, request, dependencies);
  const replacesChecks =
    hasFlag(request, 'replace-existing-checks') && booleanFlag(request, 'replace-existing-checks') === true;
  await writer.register(agent.nodeName, { service, checks, replacesChecks });
  await reflection.settled();
  return EMPTY;
}

/** Who takes an id over takes away the service that has it. */
function requireOldName(
  { id }: ServiceRecord,
  { caller }: EndpointRequest,
  { view, agent }: AgentEndpointDependencies,
): void {
  const known = view.service(agent.nodeName, id);
  if (known?.origin === 'door') requireAccess(caller, 'registry:register', known.service);
}

async function deregister(request: EndpointRequest, dependencies: AgentEndpointDependencies): Promise<Reply> {
  const { agent, writer, reflection } = dependencies;
  const service = requireOwn(request, dependencies);
  if (!(await writer.deregisterService(agent.nodeName, service.id))) throw unknownService(service.id);
  await reflection.settled();
  return EMPTY;
}

async function maintainService(request: EndpointRequest, dependencies: AgentEndpointDependencies): Promise<Reply> {
  const { agent, writer, reflection } = dependencies;
  const isEnabled = requireEnable(request);
  const service = requireOwn(request, dependencies);
  const checkId = serviceMaintenance(service.id);
  if (isEnabled) {
    const checks = [maintenanceCheck(agent.nodeName, service, request.query.get('reason') ?? '')];
    await writer.register(agent.nodeName, { checks });
  } else {
    await writer.deregisterCheck(agent.nodeName, checkId);
  }
  await reflection.settled();
  return EMPTY;
}

/** A whole machine: what every service on it is. */
async function maintainNode(
  request: EndpointRequest,
  { agent, writer, reflection }: AgentEndpointDependencies,
): Promise<Reply> {
  const isEnabled = requireEnable(request);
  requireAccess(request.caller, 'registry:register');
  if (isEnabled) {
    const checks = [maintenanceCheck(agent.nodeName, undefined, request.query.get('reason') ?? '')];
    await writer.register(agent.nodeName, { checks });
  } else {
    await writer.deregisterCheck(agent.nodeName, NODE_MAINTENANCE);
  }
  await reflection.settled();
  return EMPTY;
}

function requireEnable(request: EndpointRequest): boolean {
  if (!hasFlag(request, 'enable')) throw badRequest('Missing value for enable');
  try {
    return booleanFlag(request, 'enable') ?? false;
  } catch {
    throw badRequest('Invalid value for enable');
  }
}

/** A service that was registered with this agent, by a name that the caller may register. */
function requireOwn(request: EndpointRequest, { view, agent }: AgentEndpointDependencies): Held<ServiceRecord> {
  const { caller } = request;
  const id = requireName(request, 'Missing service ID');
  const service = view.service(agent.nodeName, id);
  const isOwn = service?.origin === 'door';
  requireAccess(
    caller,
    'registry:register',
    isOwn ? service.service : mayAll(caller, 'registry:register') ? undefined : id,
  );
  if (!isOwn) throw unknownService(id);
  return service;
}

function unknownService(id: string): ConsulError {
  return new ConsulError(
    404,
    `Unknown service ID "${id}". Ensure that the service ID is passed, not the service name.`,
  );
}
