/** Maintenance is a check that is critical until it is taken away, as in Consul. */
import type { CheckRecord, ServiceRecord } from './catalog-records.ts';
import { cutOutput } from './check-definition.ts';

export const NODE_MAINTENANCE = '_node_maintenance';

export function serviceMaintenance(serviceId: string): string {
  return `_service_maintenance:${serviceId}`;
}

/** Of a service, or of the whole node. */
export function maintenanceCheck(node: string, service: ServiceRecord | undefined, reason: string): CheckRecord {
  const what = service === undefined ? 'node' : 'service';
  return {
    node,
    checkId: service === undefined ? NODE_MAINTENANCE : serviceMaintenance(service.id),
    name: service === undefined ? 'Node Maintenance Mode' : 'Service Maintenance Mode',
    notes: cutOutput(
      reason === ''
        ? `Maintenance mode is enabled for this ${what}, but no reason was provided. This is a default message.`
        : reason,
    ),
    status: 'critical',
    output: '',
    serviceId: service?.id ?? '',
    serviceName: service?.service ?? '',
    probe: { kind: 'none' },
    deregisterAfterMs: 0,
    successBeforePassing: 0,
    failuresBeforeCritical: 0,
  };
}
