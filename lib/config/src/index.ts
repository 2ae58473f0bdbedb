export {
  configFeedContract,
  configFeedEventSchema,
  type ConfigFeedEvent,
  configKeySchema,
  type ConfigValue,
  configValueSchema,
} from './feed.ts';
