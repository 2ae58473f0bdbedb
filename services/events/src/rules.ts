/**
 * The rules that Plumb brings, as pure functions over what deployment says of its units. They look at the present
 * state only; how long it must last, and what follows, is the part of `alert-machine.ts`.
 *
 * A cause silences its effects here: a unit that crashed is not also "down", and a unit whose need is not ready does
 * not alert, since its need does, or somebody stopped that on purpose.
 */
import type { ApplicationStatus, UnitStatus } from '@plumb/deploy';
import type { Rule } from './contract.ts';

export type RuleName = 'instance-down' | 'crash-loop' | 'chain-stalled';

export const RULES: Readonly<Record<RuleName, Rule>> = {
  'instance-down': {
    name: 'instance-down',
    title: 'not ready',
    severity: 'warning',
    // Longer than an ordinary restart with its readiness check, so that a heal disturbs nobody.
    forMs: 30_000,
  },
  'crash-loop': { name: 'crash-loop', title: 'crash loop', severity: 'critical', forMs: 0 },
  'chain-stalled': {
    name: 'chain-stalled',
    title: 'chain stalled',
    severity: 'critical',
    // The health state has a hold of its own; this one skips a single odd probe.
    forMs: 10_000,
  },
};

/** A rule's condition that holds for a unit now, with the words for a person. */
export type Finding = {
  readonly rule: RuleName;
  /** The unit, `APPLICATION/COMPONENT`. */
  readonly subject: string;
  readonly application: string;
  /** What is wrong, with values. */
  readonly what: string;
  /** What Plumb did about it. */
  readonly tried: string;
  /** What the person does next. */
  readonly advice: string;
};

/** At most one finding for each unit and rule, in the order of the units. */
export function findTrouble(applications: Iterable<ApplicationStatus>): Finding[] {
  const units = [...applications].flatMap((application) => application.units);
  const byName = new Map(units.map((unit) => [unit.unit, unit]));
  return units.flatMap((unit) => {
    const isExcused = (unit.needs ?? []).some((need) => byName.get(need) !== undefined && !isReady(byName.get(need)));
    const found = [crashLoop(unit), chainStalled(unit), isExcused ? undefined : instanceDown(unit)];
    return found.filter((finding) => finding !== undefined);
  });
}

function crashLoop(unit: UnitStatus): Finding | undefined {
  if (unit.state !== 'crashed') return undefined;
  return {
    ...subjectOf(unit),
    rule: 'crash-loop',
    what: `${unit.unit} keeps crashing${unit.health.reason === undefined ? lastExit(unit) : `: ${unit.health.reason}`}`,
    tried: `${restarted(unit)}, with growing pauses; it does not start it any more`,
    advice: `read "plumb logs ${unit.unit}", repair the cause, then deploy or restart it`,
  };
}

function chainStalled(unit: UnitStatus): Finding | undefined {
  const { state, reason } = unit.health;
  if (unit.state !== 'running' || (state !== 'stalled' && state !== 'forked')) return undefined;
  const height = unit.chain?.height === undefined ? '' : ` at height ${unit.chain.height}`;
  const what = state === 'stalled' ? `makes no blocks${height}` : `is on another fork than its network${height}`;
  return {
    ...subjectOf(unit),
    rule: 'chain-stalled',
    what: `the chain node ${unit.unit} ${what}${reason === undefined ? '' : `: ${reason}`}`,
    tried: `${restarted(unit)}; a node that answers is not restarted for its chain's sake`,
    advice: `look at the node's log with "plumb logs ${unit.unit}", its peers and its disk`,
  };
}

/** States in which a unit should be ready: not while it waits for its needs, nor when a person stopped it. */
const SHOULD_RUN: ReadonlySet<UnitStatus['state']> = new Set(['starting', 'running', 'backoff']);

function instanceDown(unit: UnitStatus): Finding | undefined {
  const { state, reason } = unit.health;
  if (!SHOULD_RUN.has(unit.state) || isReady(unit) || state === 'progressing') return undefined;
  // These have a rule of their own.
  if (state === 'stalled' || state === 'forked') return undefined;
  const isFirstStart = unit.restartsTotal === 0 && state === 'starting';
  if (isFirstStart) return undefined;
  return {
    ...subjectOf(unit),
    rule: 'instance-down',
    what: `${unit.unit} is ${unit.state === 'backoff' ? 'not running' : state}${reason === undefined ? lastExit(unit) : `: ${reason}`}`,
    tried: unit.state === 'backoff' ? `${restarted(unit)} and goes on trying` : restarted(unit),
    advice: `read "plumb logs ${unit.unit}" and "plumb status"`,
  };
}

function isReady(unit: UnitStatus | undefined): boolean {
  return unit?.health.state === 'ready';
}

function subjectOf({ unit, application }: UnitStatus): { readonly subject: string; readonly application: string } {
  return { subject: unit, application };
}

function restarted({ restartsRecent }: UnitStatus): string {
  if (restartsRecent === 0) return 'Plumb has not restarted it';
  return restartsRecent === 1 ? 'Plumb restarted it once' : `Plumb restarted it ${restartsRecent} times`;
}

function lastExit({ lastExit: exit }: UnitStatus): string {
  if (exit === undefined) return '';
  return exit.signal === null ? ` (exit code ${exit.code ?? 'unknown'})` : ` (ended by ${exit.signal})`;
}
