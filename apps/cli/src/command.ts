/** A command is data: `main.ts` finds it by name, `help.ts` prints it. */
import { OperatingError, parseDuration } from '@plumb/base';
import type { Shell } from './shell.ts';

export type FlagSpec = {
  readonly type: 'string' | 'boolean';
  readonly help: string;
  /** What its value is, in capitals, for `--help`. */
  readonly value?: string;
  readonly short?: string;
};
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** 0 done, 1 could not do it, 2 used wrongly. */
export type ExitCode = 0 | 1 | 2;

export type Command = {
  /** One to three words: `status`, `config set`, `config keys create`. */
  readonly name: string;
  readonly summary: string;
  /** The words after the name, such as `KEY VALUE`. */
  readonly usage: string;
  /** What the summary leaves out, for `--help`. */
  readonly details?: string;
  readonly examples: readonly string[];
  readonly flags: Readonly<Record<string, FlagSpec>>;
  readonly run: (words: readonly string[], flags: Flags, shell: Shell) => Promise<ExitCode>;
};

/** Used wrongly: the message is followed by the usage, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The flag's text, or undefined. */
export function text(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** A whole number in [min, max]. @throws UsageError. */
export function wholeNumber(
  flags: Flags,
  name: string,
  { min, max }: { min: number; max: number },
): number | undefined {
  const given = text(flags, name);
  if (given === undefined) return undefined;
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(`--${name} takes a whole number from ${min} to ${max}, not "${given}"`);
  return value;
}

/** A length of time such as `15m`, in ms. @throws UsageError. */
export function duration(flags: Flags, name: string): number | undefined {
  const given = text(flags, name);
  if (given === undefined) return undefined;
  try {
    return parseDuration(given);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    throw new UsageError(`--${name}: ${error.message}`);
  }
}

export function requireWord(words: readonly string[], index: number, what: string): string {
  const word = words[index];
  if (word === undefined) throw new UsageError(`${what} is missing`);
  return word;
}

export function refuseMore(words: readonly string[], max: number): void {
  const extra = words[max];
  if (extra !== undefined)
    throw new UsageError(`"${extra}" is one word too many; put quotes around a value with spaces`);
}
