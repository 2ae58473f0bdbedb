export type { ConfigBranch, ConfigListener, ConfigView } from './config.ts';
export type { ConfigSnapshot } from './config-state.ts';
export {
  configFeedContract,
  configFeedEventSchema,
  type ConfigFeedEvent,
  configKeySchema,
  type ConfigValue,
  configValueSchema,
} from './feed.ts';
export { type Config, openConfig, type OpenConfigOptions } from './open-config.ts';
