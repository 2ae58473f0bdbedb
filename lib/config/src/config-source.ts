/**
 * Where values come from. A source says all that it knows, in one piece, and says it again when it is different: what it
 * last published is what it says. Sources are given in an order, and of two that speak of a path the later wins.
 *
 * A source is not asked for single values, and it never knows of the others: merging, notifying and explaining is done
 * by what runs it.
 */
import type { Clock, Log, Random } from '@plumb/base';
import { isEqualValue } from './config-values.ts';
import type { ConfigValue } from './feed.ts';

export type ConfigSource = {
  /** As `explain` shows it: `config/production.yaml`, `environment variables`, `store`. */
  readonly name: string;
  /**
   * Resolves when the first values were published, or when there is nothing to publish; goes on until `signal` aborts,
   * when it lets go of everything that it holds. Rejects only when the application must not start without it: trouble
   * that may pass is a warning.
   */
  readonly open: (context: SourceContext) => Promise<void>;
};

export type SourceContext = {
  /** Everything that the source says, in place of what it said. Takes effect as a whole, and is not to be changed after. */
  readonly publish: (layer: SourceLayer) => void;
  /** What is different from what it said, for a source that knows: costs what it changes. */
  readonly change: (change: SourceChange) => void;
  /** Trouble that may pass. The same trouble again is not told again until `settle` or another one. What it said stays. */
  readonly warn: (error: unknown) => void;
  /** The trouble is over; told once after a warning. */
  readonly settle: () => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
};

export type SourceLayer = {
  /** The counter of the store; sources without one leave it out. */
  readonly revision?: number | undefined;
  /** Leaves by dotted path (`joinNames` makes one of names). Of a path and one below it the one below counts. */
  readonly values: ReadonlyMap<string, SourceValue>;
};

export type SourceChange = {
  readonly revision?: number | undefined;
  /** Leaves by dotted path; undefined takes one away. */
  readonly changes: ReadonlyMap<string, SourceValue | undefined>;
};

export type SourceValue = {
  readonly value: ConfigValue;
  readonly origin: Origin;
  /** For a source of several parts: what it says around this path and does not count, from the lowest. For `explain`. */
  readonly hides?: readonly HiddenValue[] | undefined;
};

export type HiddenValue = { readonly path: string; readonly value: ConfigValue; readonly origin: Origin };

/** Where a value stands, as exactly as the source knows. */
export type Origin = {
  /** The name of the source. */
  readonly source: string;
  readonly file?: string | undefined;
  /** From 1, as editors count, of the name that the value is given to. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** The environment variable. */
  readonly variable?: string | undefined;
  /** More for a person, such as `env:production, revision 7, by ana`. */
  readonly detail?: string | undefined;
};

/** `config/production.yaml:3:5`, `environment variable APP_MAIL__PORT`, `store (env:production)`. */
export function formatOrigin({ source, file, line, column, variable, detail }: Origin): string {
  const place = [file ?? source, line, column].filter((part) => part !== undefined).join(':');
  const where = variable === undefined ? place : `${file === undefined ? 'environment variable' : place} ${variable}`;
  return detail === undefined ? where : `${where} (${detail})`;
}

/** The same value from the same place. */
export function isSameStatement(a: SourceValue | undefined, b: SourceValue | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || !isSamePlaced(a, b)) return false;
  const [hidden = [], others = []] = [a.hides, b.hides];
  return (
    hidden.length === others.length &&
    hidden.every((one, i) => one.path === others[i]?.path && isSamePlaced(one, others[i]))
  );
}

type Placed = { readonly value: ConfigValue; readonly origin: Origin };

function isSamePlaced(a: Placed, b: Placed): boolean {
  return isEqualValue(a.value, b.value) && ORIGIN_PARTS.every((part) => a.origin[part] === b.origin[part]);
}

const ORIGIN_PARTS = ['source', 'file', 'line', 'column', 'variable', 'detail'] as const satisfies (keyof Origin)[];
