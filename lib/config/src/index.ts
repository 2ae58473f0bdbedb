/** The door for applications. What a browser may know of configuration is in `@plumb/config/feed`. */
export { type ConfigView } from './config.ts';
export { type ConfigReader, type ConfigSnapshot } from './config-snapshot.ts';
export {
  type ConfigSource,
  formatOrigin,
  type HiddenValue,
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
export { readCoordinates } from './read-coordinates.ts';
export { type SourceStatus } from './source-seat.ts';
export { secret } from './secret-schema.ts';
export { type C5SecretsOptions, withC5Secrets } from './sources/c5-secrets.ts';
export { environmentSource, type EnvironmentSourceOptions } from './sources/environment-source.ts';
export { fileProvider } from './sources/file-provider.ts';
export { c5Sources, directorySource, fileSource, type FileSourceOptions } from './sources/file-source.ts';
export { provider, type ProviderOptions, type ProviderSource } from './sources/provider.ts';
export { type ProviderRequest, type ValueProvider, withProviders } from './sources/value-providers.ts';
export { duration, integer, oneOf, port, size, url } from './value-schemas.ts';
export { storeSource } from './store-source.ts';
export { Secret } from '@plumb/vault';
