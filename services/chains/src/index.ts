export { type CatalogueEntry, type ChainsClient, chainsContract, type ChainsHandlers } from './contract.ts';
