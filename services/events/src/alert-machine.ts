/**
 * The life of one alert: inactive, pending while its condition has not yet lasted `forMs`, firing, resolved when the
 * condition has been away for `RESOLVE_HOLD_MS`. Pure: the caller says what holds and what time it is, and keeps the
 * answer.
 *
 * Invariants: an alert fires at most once between two resolutions; a condition that comes and goes faster than its
 * hold neither fires nor resolves anything.
 */
import type { Alert } from './contract.ts';
import { type Finding, RULES } from './rules.ts';

/** How long a condition must be away before its alert is over, so that one good probe ends no incident. */
export const RESOLVE_HOLD_MS = 30_000;

export type AlertMemory = {
  readonly alert: Alert;
  /** Epoch ms since which the condition of a firing alert is away. */
  readonly clearSince?: number | undefined;
};

export type AlertStep = {
  readonly memory: AlertMemory | undefined;
  /** `dropped`: it was pending and never fired. `none` may still come with a new memory. */
  readonly transition: 'none' | 'pending' | 'fired' | 'dropped' | 'resolved';
};

/** Stable over the trouble's comings and goings. */
export function alertId({ rule, subject }: Pick<Finding, 'rule' | 'subject'>): string {
  return `${rule}/${subject}`;
}

/** `finding` is absent when the condition does not hold at `now`. */
export function stepAlert(memory: AlertMemory | undefined, finding: Finding | undefined, now: number): AlertStep {
  const state = memory?.alert.state;
  if (memory === undefined || state === undefined || state === 'resolved') {
    if (finding === undefined) return { memory, transition: 'none' };
    return fireIfDue({ ...newAlert(finding), activeAt: now }, finding, now, 'pending');
  }
  const { alert } = memory;
  if (state === 'pending') {
    if (finding !== undefined) return fireIfDue(alert, finding, now, 'none');
    return { memory: { alert: { ...alert, state: 'resolved', resolvedAt: now } }, transition: 'dropped' };
  }
  if (finding !== undefined) return { memory: { alert }, transition: 'none' };
  const clearSince = memory.clearSince ?? now;
  if (now - clearSince < RESOLVE_HOLD_MS) return { memory: { alert, clearSince }, transition: 'none' };
  return { memory: { alert: { ...alert, state: 'resolved', resolvedAt: clearSince } }, transition: 'resolved' };
}

/** `memory` after the machine's clock jumped by `jumpMs`: what had lasted for a while has lasted as long as before. */
export function afterClockJump(memory: AlertMemory, jumpMs: number): AlertMemory {
  const { alert, clearSince } = memory;
  if (alert.state === 'pending') return { alert: { ...alert, activeAt: alert.activeAt + jumpMs } };
  return clearSince === undefined ? memory : { alert, clearSince: clearSince + jumpMs };
}

/** When `stepAlert` would do something by the passing of time alone. */
export function nextStepAt({ alert, clearSince }: AlertMemory): number | undefined {
  if (alert.state === 'pending') return alert.activeAt + forMsOf(alert);
  return clearSince === undefined ? undefined : clearSince + RESOLVE_HOLD_MS;
}

function fireIfDue(alert: Alert, finding: Finding, now: number, otherwise: 'pending' | 'none'): AlertStep {
  if (now - alert.activeAt < forMsOf(alert)) return { memory: { alert }, transition: otherwise };
  // The words are those of the moment that it fires, and stay: they are what a person was told.
  const fired: Alert = { ...alert, state: 'firing', firedAt: now, summary: summaryOf(finding) };
  return { memory: { alert: fired }, transition: 'fired' };
}

function newAlert(finding: Finding): Omit<Alert, 'activeAt'> {
  const { rule, subject, application } = finding;
  const { severity } = RULES[rule];
  return { id: alertId(finding), rule, subject, application, state: 'pending', severity, summary: summaryOf(finding) };
}

function summaryOf({ what, advice }: Finding): string {
  return `${what}; ${advice}`;
}

function forMsOf({ rule }: Alert): number {
  return Object.hasOwn(RULES, rule) ? RULES[rule as keyof typeof RULES].forMs : 0;
}
