/** `/v1/catalog/`: nodes and services, and registering what no agent runs. */
import { requireAccess } from './access.ts';
import { catalogServiceJson, nodeJson, serviceJson } from './catalog-json.ts';
import type { CatalogQuery } from './catalog-query.ts';
import type { CheckRecord, NodeRecord, ServiceRecord } from './catalog-records.ts';
import type { CatalogView } from './catalog-view.ts';
import type { CatalogWriter } from './catalog-writer.ts';
import { readCheck } from './check-definition.ts';
import { badRequest } from './consul-error.ts';
import { type EndpointRequest, type Endpoints, type Reply, requireName } from './consul-request.ts';
import { Fields } from './fields.ts';
import { type ConsulAgent, nodeIdOf } from './node-identity.ts';
import { readMeta, readService, requireShort } from './service-definition.ts';

export type CatalogEndpointDependencies = {
  readonly view: CatalogView;
  readonly query: CatalogQuery;
  readonly writer: CatalogWriter;
  readonly agent: ConsulAgent;
  /** Notes that somebody looked a service up. */
  readonly noteUse: (service: string, request: EndpointRequest) => void;
};

/** Node names are parts of the store's keys, and of DNS names. */
const NODE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}$/;

export function catalogEndpoints(dependencies: CatalogEndpointDependencies): Endpoints {
  const { view, query, writer, agent, noteUse } = dependencies;
  const nodeServices = (request: EndpointRequest, node: string): ReturnType<CatalogView['servicesOn']> =>
    view.servicesOn(node).filter(query.wants(request));

  return {
    '/v1/catalog/datacenters': { GET: () => ({ value: [agent.datacenter] }) },
    '/v1/catalog/nodes': {
      GET: (request) => {
        const isWanted = query.wantsNode(request);
        return query.answer(request, 'nodes', () =>
          view
            .nodes()
            .filter(isWanted)
            .map((node) => nodeJson(node, agent.datacenter)),
        );
      },
    },
    '/v1/catalog/services': {
      GET: (request) => {
        const isWanted = query.wants(request);
        return query.answer(request, 'services', () => Object.fromEntries(view.serviceNames(isWanted)));
      },
    },
    '/v1/catalog/service/': {
      GET: (request) => {
        const name = requireName(request, 'Missing service name');
        const isWanted = query.wants(request);
        noteUse(name, request);
        return query.answer(request, `service:${name}`, () =>
          view
            .servicesNamed(name)
            .filter(isWanted)
            .map((service) => catalogServiceJson(service, view, agent.datacenter)),
        );
      },
    },
    '/v1/catalog/node/': {
      GET: (request) => {
        const name = requireName(request, 'Missing node name');
        return query.answer(request, `node:${name}`, () => {
          if (!view.hasNode(name)) return null;
          const services = nodeServices(request, name).map((service) => [service.id, serviceJson(service)]);
          return { Node: nodeJson(view.node(name), agent.datacenter), Services: Object.fromEntries(services) };
        });
      },
    },
    '/v1/catalog/node-services/': {
      GET: (request) => {
        const name = requireName(request, 'Missing node name');
        return query.answer(request, `node:${name}`, () => {
          if (!view.hasNode(name)) return null;
          return {
            Node: nodeJson(view.node(name), agent.datacenter),
            Services: nodeServices(request, name).map(serviceJson),
          };
        });
      },
    },
    '/v1/catalog/register': { PUT: (request) => register(request, { writer, view, agent }) },
    '/v1/catalog/deregister': { PUT: (request) => deregister(request, { writer, view, agent }) },
  };
}

type Writing = Pick<CatalogEndpointDependencies, 'writer' | 'view' | 'agent'>;

async function register({ body, caller }: EndpointRequest, { writer, view, agent }: Writing): Promise<Reply> {
  const fields = Fields.parse(body);
  const nodeName = readNodeName(fields);
  const address = fields.text('Address') ?? '';
  const keepsNode = fields.boolean('SkipNodeUpdate') === true && view.hasNode(nodeName);
  if (address === '' && !keepsNode) throw badRequest('Must provide address if SkipNodeUpdate is not set');
  const serviceFields = fields.fields('Service');
  const service = serviceFields && readService(serviceFields, nodeName, 'Service');
  const checks = readChecks(fields, nodeName, service, view);
  requireAccess(caller, 'registry:register', service?.service);
  for (const { serviceName } of checks) if (serviceName !== '') requireAccess(caller, 'registry:register', serviceName);
  // What the agent's own node is, is not for others to say.
  const node = keepsNode || nodeName === agent.nodeName ? undefined : readNode(fields, nodeName, address);
  await writer.register(nodeName, { node, service, checks });
  return { value: true };
}

async function deregister({ body, caller }: EndpointRequest, { writer, view }: Writing): Promise<Reply> {
  const fields = Fields.parse(body);
  const node = readNodeName(fields);
  const serviceId = fields.text('ServiceID') ?? '';
  const checkId = fields.text('CheckID') ?? '';
  const known = serviceId === '' ? view.check(node, checkId)?.serviceName : view.service(node, serviceId)?.service;
  requireAccess(caller, 'registry:register', known === '' ? undefined : known);
  if (serviceId !== '') await writer.deregisterService(node, serviceId);
  else if (checkId !== '') await writer.deregisterCheck(node, checkId);
  else await writer.deregisterNode(node);
  return { value: true };
}

function readNodeName(fields: Fields): string {
  const name = fields.text('Node') ?? '';
  if (name === '') throw badRequest('Must provide node');
  if (!NODE_NAME.test(name))
    throw badRequest(`Invalid node name "${name}": letters, digits, dots, hyphens and underscores`);
  return name;
}

function readNode(fields: Fields, node: string, address: string): NodeRecord {
  return {
    node,
    id: fields.text('ID') || nodeIdOf(node),
    address: requireShort(address, 'node address'),
    taggedAddresses: fields.textMap('TaggedAddresses') ?? {},
    meta: readMeta(fields, 'NodeMeta', 'Node'),
  };
}

/** A check in the catalogue has the status that it is given: nobody here asks for it. */
function readChecks(
  fields: Fields,
  node: string,
  service: ServiceRecord | undefined,
  view: CatalogView,
): readonly CheckRecord[] {
  const one = fields.fields('Check');
  return [...(one === undefined ? [] : [one]), ...(fields.list('Checks') ?? [])].map((check) => {
    const serviceId = check.text('ServiceID') ?? '';
    const owner = serviceId === service?.id ? service : view.service(node, serviceId);
    const name = check.text('Name') ?? '';
    const defaults = { node, checkId: name, name, serviceId, serviceName: owner?.service ?? '' };
    const record = readCheck(check, defaults, 'reported');
    requireShort(record.checkId, 'check ID');
    if (record.checkId === '') throw badRequest('Missing check ID or name');
    return record;
  });
}
