/** The door for programs that run on Node.js and take part in Plumb. */
export { joinRegistry, type JoinRegistryOptions, type RegistryMembership } from './join-registry.ts';
export { RegistryCache, type RegistryCacheOptions } from './registry-cache.ts';
