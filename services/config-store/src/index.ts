export {
  type ConfigChange,
  type ConfigClient,
  configContract,
  type ConfigEntry,
  type ConfigHandlers,
  configLayers,
} from './contract.ts';
