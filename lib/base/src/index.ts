export { type Backoff, backoffDelayMs } from './backoff.ts';
export { type Clock, sleep, systemClock, type Timer, timer } from './clock.ts';
export { formatDuration, formatSize, parseDuration, parseSize } from './duration.ts';
export {
  assert,
  AssertionError,
  describeError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorData,
  errorFromData,
  errorToData,
  isErrorCode,
  OperatingError,
} from './errors.ts';
export { holdProcess } from './hold-process.ts';
export { newId, randomText } from './id.ts';
export { createLog, type Log, type LogFields, type LogLevel, silentLog } from './log.ts';
export { isName, NAME_RULE } from './name.ts';
export { nearestWord } from './nearest.ts';
export { isPublicKey, PUBLIC_KEY_RULE } from './public-key.ts';
export { type Random, randomInteger, seededRandom, systemRandom } from './random.ts';
export { createRepeater, type Repeater } from './repeater.ts';
export { Turns } from './turns.ts';
export { withAbort } from './with-abort.ts';
