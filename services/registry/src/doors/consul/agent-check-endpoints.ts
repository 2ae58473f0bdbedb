/** `/v1/agent/check…`: checks of services on this machine, and of the machine. */
import { requireAccess, requireSomeAccess } from './access.ts';
import { checkJson } from './catalog-json.ts';
import { maySee } from './catalog-query.ts';
import type { CheckRecord, CheckStatus } from './catalog-records.ts';
import type { Held } from './catalog-content.ts';
import type { CatalogView } from './catalog-view.ts';
import type { CatalogWriter } from './catalog-writer.ts';
import { cutOutput, readCheck } from './check-definition.ts';
import type { CheckRunner } from './check-runner.ts';
import { badRequest, ConsulError } from './consul-error.ts';
import { EMPTY, type EndpointRequest, type Endpoints, type Reply, requireName } from './consul-request.ts';
import type { DictionaryReflection } from './dictionary-reflection.ts';
import { Fields } from './fields.ts';
import type { ConsulAgent } from './node-identity.ts';
import { requireShort } from './service-definition.ts';

export type AgentCheckDependencies = {
  readonly agent: ConsulAgent;
  readonly view: CatalogView;
  readonly writer: CatalogWriter;
  readonly runner: CheckRunner;
  readonly reflection: DictionaryReflection;
};

export function agentCheckEndpoints(dependencies: AgentCheckDependencies): Endpoints {
  const { agent, view, runner } = dependencies;
  const report = (status: CheckStatus) => ({
    PUT: (request: EndpointRequest) =>
      reportCheck(request, { status, output: request.query.get('note') ?? '' }, dependencies),
  });
  return {
    '/v1/agent/checks': {
      GET: ({ caller }) => {
        requireSomeAccess(caller, 'registry:read');
        const checks = view
          .checksOn(agent.nodeName)
          .filter(({ origin, serviceName }) => origin === 'door' && maySee(caller, serviceName));
        const toJson = (check: Held<CheckRecord>): object => {
          const output = runner.output(check.checkId) ?? check.output;
          return checkJson({ ...check, output }, view.service(check.node, check.serviceId)?.tags ?? []);
        };
        return { value: Object.fromEntries(checks.map((check) => [check.checkId, toJson(check)])) };
      },
    },
    '/v1/agent/check/register': { PUT: (request) => register(request, dependencies) },
    '/v1/agent/check/deregister/': { PUT: (request) => deregister(request, dependencies) },
    '/v1/agent/check/pass/': report('passing'),
    '/v1/agent/check/warn/': report('warning'),
    '/v1/agent/check/fail/': report('critical'),
    '/v1/agent/check/update/': { PUT: (request) => updateCheck(request, dependencies) },
  };
}

async function register({ body, caller }: EndpointRequest, dependencies: AgentCheckDependencies): Promise<Reply> {
  const { agent, view, writer, reflection } = dependencies;
  const fields = Fields.parse(body);
  const name = fields.text('Name') ?? '';
  if (name === '') throw badRequest('Missing check name');
  const serviceId = fields.text('ServiceID') ?? '';
  const service = serviceId === '' ? undefined : view.service(agent.nodeName, serviceId);
  const known = service?.origin === 'door' ? service : undefined;
  const serviceName = known?.service ?? '';
  const check = readCheck(fields, { node: agent.nodeName, checkId: name, name, serviceId, serviceName });
  requireShort(check.checkId, 'check ID');
  requireAccess(caller, 'registry:register', serviceName === '' ? undefined : serviceName);
  if (serviceId !== '' && known === undefined) throw new ConsulError(404, `ServiceID "${serviceId}" does not exist`);
  const old = view.check(agent.nodeName, check.checkId);
  if (old !== undefined)
    requireAccess(caller, 'registry:register', old.serviceName === '' ? undefined : old.serviceName);
  await writer.register(agent.nodeName, { checks: [check] });
  await reflection.settled();
  return EMPTY;
}

async function deregister(request: EndpointRequest, dependencies: AgentCheckDependencies): Promise<Reply> {
  const { agent, writer, reflection } = dependencies;
  const { checkId } = requireOwn(request, dependencies);
  if (!(await writer.deregisterCheck(agent.nodeName, checkId))) throw unknownCheck(checkId);
  await reflection.settled();
  return EMPTY;
}

async function updateCheck(request: EndpointRequest, dependencies: AgentCheckDependencies): Promise<Reply> {
  const fields = Fields.parse(request.body);
  const status = fields.text('Status') ?? '';
  if (status !== 'passing' && status !== 'warning' && status !== 'critical') {
    throw badRequest(`Invalid check status: '${status}'`);
  }
  return reportCheck(request, { status, output: fields.text('Output') ?? '' }, dependencies);
}

async function reportCheck(
  request: EndpointRequest,
  { status, output }: { readonly status: CheckStatus; readonly output: string },
  dependencies: AgentCheckDependencies,
): Promise<Reply> {
  const { runner, reflection } = dependencies;
  const check = requireOwn(request, dependencies);
  if (check.probe.kind !== 'ttl') throw new ConsulError(500, `CheckID "${check.checkId}" does not have associated TTL`);
  await runner.report(check, status, cutOutput(output));
  await reflection.settled();
  return EMPTY;
}

/** A check that was registered with this agent, of a service that the caller may register. */
function requireOwn(request: EndpointRequest, { view, agent }: AgentCheckDependencies): Held<CheckRecord> {
  const id = requireName(request, 'Missing check ID');
  const check = view.check(agent.nodeName, id);
  const serviceName = check?.serviceName ?? '';
  requireAccess(request.caller, 'registry:register', serviceName === '' ? undefined : serviceName);
  if (check?.origin !== 'door') throw unknownCheck(id);
  return check;
}

function unknownCheck(id: string): ConsulError {
  return new ConsulError(404, `Unknown check ID "${id}". Ensure that the check ID is passed, not the check name.`);
}
