/** The daemon's log: one JSON document a line by pino, into a file that rotates. The terminal belongs to the person who started it. */
import { createLog, type Log, type LogLevel } from '@plumb/base';
import { pino } from 'pino';

/** `write` gets the level and the line; the file adds the time. */
export function createDaemonLog(level: LogLevel, write: (level: LogLevel, line: string) => void): Log {
  let current: LogLevel = level;
  const stream = { write: (line: string) => write(current, line.trimEnd()) };
  const logger = pino(
    { level, base: null, timestamp: false, messageKey: 'event', formatters: { level: (label) => ({ level: label }) } },
    stream,
  );
  return createLog((lineLevel, event, fields) => {
    current = lineLevel;
    logger[lineLevel](readable(fields), event);
  });
}

/** Errors with their message, causes and stack, wherever a field holds one. */
function readable(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error ? pino.stdSerializers.errWithCause(value) : value,
  ]);
  return Object.fromEntries(entries);
}
