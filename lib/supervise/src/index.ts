export {
  FOLLOW_QUEUE_MAX,
  LOG_FILE_SIZE_BYTES_MAX,
  LOG_FILES_MAX,
  type LogFile,
  type LogFileOptions,
  type LogRecord,
  openLogFile,
} from './log-file.ts';
export { killOrphans, type OrphanDependencies, OWNER_VARIABLE } from './orphans.ts';
export { httpProbe, type Readiness, type ReadinessCheck, tcpProbe } from './probe.ts';
export type { ReadinessSpec } from './readiness-watch.ts';
export { DEFAULT_RESTART_POLICY, type RestartPolicy } from './restart-policy.ts';
export { describeExit, type Exit } from './running-process.ts';
export type { Launch } from './spawn-process.ts';
export {
  startUnit,
  type SupervisedState,
  type SupervisedStatus,
  type Unit,
  type UnitDependencies,
  type UnitEvent,
  type UnitLaunch,
  type UnitSpec,
} from './unit.ts';
