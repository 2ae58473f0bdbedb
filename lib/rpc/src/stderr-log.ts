import { inspect } from 'node:util';
import { createLog, type Log, type LogLevel } from '@plumb/base';

/**
 * A log for programs that say nothing about theirs, so that they still learn of bugs. A line begins with level and event;
 * the fields follow as `util.inspect` prints them.
 */
export function createStderrLog(levels: readonly LogLevel[]): Log {
  return createLog((level, event, fields) => {
    if (levels.includes(level)) process.stderr.write(`${level} ${event} ${inspect(fields)}\n`);
  });
}
