/** Instances of the dictionary as Consul's catalogue has them, and back: pure. */
import type { Health, Instance } from '../../dictionary-schemas.ts';
import type { CheckRecord, ServiceRecord } from './catalog-records.ts';

/** Begins the ids of instances that are in the dictionary because they were registered through the door. */
const REFLECTED = 'consul:';

export function reflectedId({ node, id }: Pick<ServiceRecord, 'node' | 'id'>): string {
  return `${REFLECTED}${node}:${id}`;
}

export function isReflected(instanceId: string): boolean {
  return instanceId.startsWith(REFLECTED);
}

/** Its state is what counts, so it is the one check: only what is ready passes, and nobody is sent to anything else. */
export function recordsOfInstance(instance: Instance): {
  readonly service: ServiceRecord;
  readonly check: CheckRecord;
} {
  const { id, service, application, component, host, address, port, zone, release, health } = instance;
  const { tags = [], facts = {} } = instance;
  const known = { application, component, release, ...(zone === undefined ? {} : { zone }) };
  return {
    service: {
      node: host,
      id,
      service,
      tags,
      address,
      port,
      meta: { ...facts, ...known },
      taggedAddresses: {},
      weights: { passing: 1, warning: 1 },
      enableTagOverride: false,
    },
    check: {
      node: host,
      checkId: `service:${id}`,
      name: `Health of '${service}'`,
      notes: '',
      status: health.state === 'ready' ? 'passing' : 'critical',
      output: outputOf(health),
      serviceId: id,
      serviceName: service,
      probe: { kind: 'none' },
      deregisterAfterMs: 0,
      successBeforePassing: 0,
      failuresBeforeCritical: 0,
    },
  };
}

function outputOf({ state, reason, checks = [] }: Health): string {
  const first = reason === undefined ? state : `${state}: ${reason}`;
  return [first, ...checks.map((check) => `${check.name}: ${check.state}`)].join('\n');
}
