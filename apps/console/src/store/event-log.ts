/** Alerts, incidents and the journal: the state of `events.watch`. */
import type { Alert, Incident, JournalEntry } from '@plumb/events';

export type EventLog = {
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly incidents: ReadonlyMap<string, Incident>;
  /** Latest first. */
  readonly journal: readonly JournalEntry[];
};

export type EventsChange = {
  readonly kind: 'snapshot' | 'change';
  readonly alerts: readonly Alert[];
  readonly incidents: readonly Incident[];
  readonly journal: readonly JournalEntry[];
};

/** Entries that the page keeps; older ones are asked for again. */
export const JOURNAL_ENTRIES_MAX = 1_000;

/** The state after `event`. A snapshot replaces alerts and incidents; journal entries never change, so they are merged. */
export function applyEventsChange(log: EventLog | undefined, event: EventsChange): EventLog {
  const isAll = event.kind === 'snapshot';
  return {
    alerts: merged(isAll ? [] : log?.alerts.values(), event.alerts),
    incidents: merged(isAll ? [] : log?.incidents.values(), event.incidents),
    journal: mergeJournal(log?.journal ?? [], event.journal),
  };
}

/** Both lists in one, each entry once, latest first, bounded. */
export function mergeJournal(known: readonly JournalEntry[], more: readonly JournalEntry[]): readonly JournalEntry[] {
  const entries = [...merged(known, more).values()];
  return entries.sort((a, b) => b.at - a.at || b.id.localeCompare(a.id)).slice(0, JOURNAL_ENTRIES_MAX);
}

const DAY_MS = 86_400_000;

/** How often Plumb mended something in the last day, as far as the journal is known. */
export function countHealed(journal: readonly JournalEntry[], now: number): number {
  return journal.filter(({ kind, at }) => kind === 'heal' && now - at < DAY_MS).length;
}

/** Those that a person should look at, newest first. */
export function openIncidents({ incidents }: EventLog): Incident[] {
  return [...incidents.values()].filter(({ state }) => state !== 'resolved').sort((a, b) => b.openedAt - a.openedAt);
}

/** What is wrong in an incident, in the words of its alerts, while they last. */
export function incidentSummaries({ alerts }: Pick<EventLog, 'alerts'>, incident: Incident): string[] {
  const own = incident.alerts.map((id) => alerts.get(id));
  return own.flatMap((alert) => (alert === undefined || alert.state === 'resolved' ? [] : [alert.summary]));
}

/** Firing before pending, then newest first. */
export function activeAlerts({ alerts }: EventLog): Alert[] {
  return [...alerts.values()]
    .filter(({ state }) => state !== 'resolved')
    .sort((a, b) => Number(b.state === 'firing') - Number(a.state === 'firing') || b.activeAt - a.activeAt);
}

function merged<T extends { readonly id: string }>(known: Iterable<T> | undefined, more: readonly T[]): Map<string, T> {
  return new Map([...(known ?? []), ...more].map((one) => [one.id, one]));
}
