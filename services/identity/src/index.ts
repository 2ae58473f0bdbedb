export { type IdentityClient, identityContract, type IdentityHandlers, type Token } from './contract.ts';
