export { createFakeClock, type FakeClock } from './fake-clock.ts';
export type { KvLacks } from './kv-lack.ts';
export type { KvSubject, KvSubjectOptions, KvSuiteOptions } from './kv-subject.ts';
export { kvSuite } from './kv-suite.ts';
export { findProgram, hasRequirement } from './requirement.ts';
export { openTemporaryDirectory, type TemporaryDirectory } from './temporary-directory.ts';
export { until } from './until.ts';
