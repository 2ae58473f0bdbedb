export { createFakeClock, type FakeClock } from './fake-clock.ts';
export { type KvSubject, kvSuite } from './kv-suite.ts';
export { findProgram, hasRequirement } from './requirement.ts';
export { openTemporaryDirectory, type TemporaryDirectory } from './temporary-directory.ts';
export { until } from './until.ts';
