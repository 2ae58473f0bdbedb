/** Records of the catalogue as Consul's JSON has them: the fields that clients read, under the names that they know. */
import type { CheckRecord, CheckStatus, NodeRecord, ServiceRecord } from './catalog-records.ts';
import type { Held } from './catalog-content.ts';
import type { CatalogView } from './catalog-view.ts';
import { formatGoDuration } from './go-duration.ts';

/** The worst of several. */
export function worstStatus(checks: readonly Pick<CheckRecord, 'status'>[]): CheckStatus {
  const statuses = new Set(checks.map(({ status }) => status));
  if (statuses.has('critical')) return 'critical';
  return statuses.has('warning') ? 'warning' : 'passing';
}

export function nodeJson(node: Held<NodeRecord>, datacenter: string): object {
  return {
    ID: node.id,
    Node: node.node,
    Address: node.address,
    Datacenter: datacenter,
    TaggedAddresses: node.taggedAddresses,
    Meta: node.meta,
    CreateIndex: node.createIndex,
    ModifyIndex: node.modifyIndex,
  };
}

/** As `health` and `catalog/node` have it. */
export function serviceJson(service: Held<ServiceRecord>): object {
  const {
    id,
    service: name,
    tags,
    address,
    port,
    meta,
    weights,
    enableTagOverride,
    createIndex,
    modifyIndex,
  } = service;
  return {
    ID: id,
    Service: name,
    Tags: tags,
    Address: address,
    TaggedAddresses: taggedAddressesJson(service),
    Meta: meta,
    Port: port,
    Weights: { Passing: weights.passing, Warning: weights.warning },
    EnableTagOverride: enableTagOverride,
    Proxy: { Mode: '', MeshGateway: {}, Expose: {} },
    Connect: {},
    PeerName: '',
    CreateIndex: createIndex,
    ModifyIndex: modifyIndex,
  };
}

/** As `agent/service` has it. */
export function agentServiceJson(service: ServiceRecord, datacenter: string): object {
  const { id, service: name, tags, address, port, meta, weights, enableTagOverride } = service;
  return {
    ID: id,
    Service: name,
    Tags: tags,
    Meta: meta,
    Port: port,
    Address: address,
    TaggedAddresses: taggedAddressesJson(service),
    Weights: { Passing: weights.passing, Warning: weights.warning },
    EnableTagOverride: enableTagOverride,
    Datacenter: datacenter,
  };
}

/** As `catalog/service` has it: the node and the service in one. */
export function catalogServiceJson(service: Held<ServiceRecord>, view: CatalogView, datacenter: string): object {
  const node = view.node(service.node);
  return {
    ID: node.id,
    Node: node.node,
    Address: node.address,
    Datacenter: datacenter,
    TaggedAddresses: node.taggedAddresses,
    NodeMeta: node.meta,
    ServiceKind: '',
    ServiceID: service.id,
    ServiceName: service.service,
    ServiceTags: service.tags,
    ServiceAddress: service.address,
    ServiceTaggedAddresses: taggedAddressesJson(service),
    ServiceWeights: { Passing: service.weights.passing, Warning: service.weights.warning },
    ServiceMeta: service.meta,
    ServicePort: service.port,
    ServiceSocketPath: '',
    ServiceEnableTagOverride: service.enableTagOverride,
    ServiceProxy: { Mode: '', MeshGateway: {}, Expose: {} },
    ServiceConnect: {},
    CreateIndex: service.createIndex,
    ModifyIndex: service.modifyIndex,
  };
}

export function checkJson(check: Held<CheckRecord>, tags: readonly string[]): object {
  const { probe } = check;
  const [interval, timeout] =
    probe.kind === 'http' || probe.kind === 'tcp' ? [probe.intervalMs, probe.timeoutMs] : [0, 0];
  return {
    Node: check.node,
    CheckID: check.checkId,
    Name: check.name,
    Status: check.status,
    Notes: check.notes,
    Output: check.output,
    ServiceID: check.serviceId,
    ServiceName: check.serviceName,
    ServiceTags: tags,
    Type: probe.kind === 'none' ? '' : probe.kind,
    Interval: interval === 0 ? '' : formatGoDuration(interval),
    Timeout: timeout === 0 ? '' : formatGoDuration(timeout),
    ExposedPort: 0,
    Definition: {},
    CreateIndex: check.createIndex,
    ModifyIndex: check.modifyIndex,
  };
}

/** Those that were given, or else those of the service's own address, which Consul derives. */
function taggedAddressesJson({ address, port, taggedAddresses }: ServiceRecord): object {
  const given = Object.entries(taggedAddresses).map(([tag, own]) => [tag, { Address: own.address, Port: own.port }]);
  if (given.length > 0 || !/^\d+\.\d+\.\d+\.\d+$/.test(address)) return Object.fromEntries(given);
  const own = { Address: address, Port: port };
  return { lan_ipv4: own, wan_ipv4: own };
}
