export type { ChainSpec, JsonValue, Manifest, ProbeSpec, ProcessSpec } from './manifest.ts';
