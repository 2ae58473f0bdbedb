export type { ChainSpec, Fault, FileSpec, JsonValue, Manifest, ProbeSpec, ProcessSpec } from './manifest.ts';
export { DEFAULT_ENVIRONMENT, parseManifest, type ParseOptions } from './parse-manifest.ts';
export { FILE_SIZE_BYTES_MAX } from './read-yaml.ts';
export { expandReferences, type Reference } from './references.ts';
export { splitWords } from './words.ts';
