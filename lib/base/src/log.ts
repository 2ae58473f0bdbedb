/** Logging as a function table that is passed in. Events are constant dotted names; everything variable is a field. */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** `debug` each request, `info` each change of state, `warn` trouble that heals itself, `error` a person must look. */
export type Log = {
  readonly debug: (event: string, fields?: LogFields) => void;
  readonly info: (event: string, fields?: LogFields) => void;
  readonly warn: (event: string, fields?: LogFields) => void;
  readonly error: (event: string, fields?: LogFields) => void;
  /** A log that adds `fields` to every line. */
  readonly with: (fields: LogFields) => Log;
};

/** A log that hands each line to `write`. */
export function createLog(
  write: (level: LogLevel, event: string, fields: LogFields) => void,
  bound: LogFields = {},
): Log {
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void =>
      write(level, event, { ...bound, ...fields });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => createLog(write, { ...bound, ...fields }),
  };
}

const nothing = (): void => undefined;

/** Costs nothing: a log of `createLog` puts each line together before it hands it over. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, with: () => silentLog };
