export {
  type Briefing,
  type Registered,
  type Registration,
  type RegistryClient,
  registryContract,
  type RegistryEvent,
  type RegistryHandlers,
  serviceName,
  type ServiceEvent,
} from './contract.ts';
export {
  type Application,
  type Health,
  type HealthState,
  healthSchema,
  healthStates,
  type Instance,
  type Keeper,
  nameSchema,
  protocols,
  type Service,
} from './dictionary-schemas.ts';
export {
  type CallerReport,
  type Drift,
  type DriftKind,
  driftKinds,
  REPORT_CALLERS_MAX,
  type Usage,
  type UsageKind,
  usageKinds,
} from './evidence-schemas.ts';
export { doorScopes } from './door-scopes.ts';
export type { Place } from './order-instances.ts';
export { registryResolver } from './registry-resolver.ts';
