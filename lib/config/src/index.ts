/** The door for applications. What a browser may know of configuration is in `@plumb/config/feed`. */
export { type ConfigView } from './config.ts';
export { type ConfigReader, type ConfigSnapshot } from './config-snapshot.ts';
export {
  type ConfigSource,
  formatOrigin,
  type Origin,
  type SourceChange,
  type SourceContext,
  type SourceLayer,
  type SourceValue,
} from './config-source.ts';
export { type ConfigObject } from './config-values.ts';
export {
  configFeedContract,
  configFeedEventSchema,
  type ConfigFeedEvent,
  configKeySchema,
  type ConfigValue,
  configValueSchema,
} from './feed.ts';
export {
  type Coordinates,
  DEFAULT_LAYER,
  formatLayer,
  isLayer,
  type Layer,
  layerFileName,
  layersFor,
  parseLayer,
} from './layers.ts';
export { type ConfigListener } from './subscriptions.ts';
export { type Explained, type Explanation, formatExplained } from './explain.ts';
export { type Config, type ConfigStatus, openConfig, type OpenConfigOptions } from './open-config.ts';
export { type SourceStatus } from './run-sources.ts';
export { storeSource } from './store-source.ts';
