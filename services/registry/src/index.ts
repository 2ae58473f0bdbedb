export {
  type Application,
  type Health,
  type HealthState,
  healthSchema,
  healthStates,
  type Instance,
  nameSchema,
  type RegistryClient,
  registryContract,
  type RegistryEvent,
  type RegistryHandlers,
  type Service,
  serviceName,
} from './contract.ts';
export { registryResolver } from './registry-resolver.ts';
