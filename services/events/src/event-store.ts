/**
 * Alerts, incidents, the journal and the outbox in the key-value store, with a copy in memory to read from.
 *
 * Invariants: changes are made one after another, each computed from what the one before it left, and each in one
 * transaction; the copy never shows what is not on disk.
 */
import { type Clock, newId, OperatingError, Turns } from '@plumb/base';
import { type Collection, createCollection, type Kv, type Operation } from '@plumb/kv';
import type { Alert, Incident, JournalEntry } from './contract.ts';
import type { JournalDraft, OutboxItem } from './evaluation.ts';
import { oneLine } from './message.ts';

/** Everything of this service is under it, so one watch sees all of it. */
export const EVENTS_PREFIX = 'events/';
/** Entries of the journal: months of an ordinary team, a few megabytes. The oldest go first. */
export const JOURNAL_ENTRIES_MAX = 5_000;
/** Incidents that are over and kept for looking back. */
export const INCIDENTS_KEPT_MAX = 500;
/** How long an alert that is over is kept. */
export const ALERT_KEPT_MS = 86_400_000;
/** One line that a person reads. */
const JOURNAL_TEXT_LENGTH_MAX = 600;
/** Changes that may wait for the disk. Beyond it the caller is refused: a journal line is not worth all memory. */
const CHANGES_WAITING_MAX = 1_000;
/** Deletions of one change, far below a transaction's bound: the rest goes with the next change. */
const PRUNED_MAX = 200;

export type EventState = {
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly incidents: ReadonlyMap<string, Incident>;
  /** In order of time. */
  readonly journal: readonly JournalEntry[];
  readonly outbox: ReadonlyMap<string, OutboxItem>;
};

export type EventChanges = {
  readonly alerts?: readonly Alert[] | undefined;
  readonly incidents?: readonly Incident[] | undefined;
  readonly journal?: readonly JournalDraft[] | undefined;
  readonly outbox?: readonly OutboxItem[] | undefined;
  /** Ids of messages that are done with. */
  readonly delivered?: readonly string[] | undefined;
};

export type EventStore = {
  readonly state: EventState;
  /**
   * Runs `compute` when the changes before it are on disk, and puts what it answers. Durable when it resolves.
   * @throws OperatingError `exhausted` when too many wait, and what the store throws; nothing is changed then.
   */
  readonly change: (compute: () => EventChanges) => Promise<void>;
  /** Resolves when no change is being made. */
  readonly whenIdle: () => Promise<void>;
};

export type EventCollections = {
  readonly alerts: Collection<Alert>;
  readonly incidents: Collection<Incident>;
  readonly journal: Collection<JournalEntry>;
  readonly outbox: Collection<OutboxItem>;
};

/** The kinds of things under `EVENTS_PREFIX`. */
export function createEventCollections(kv: Kv): EventCollections {
  return {
    alerts: createCollection<Alert>(kv, `${EVENTS_PREFIX}alert/`),
    incidents: createCollection<Incident>(kv, `${EVENTS_PREFIX}incident/`),
    journal: createCollection<JournalEntry>(kv, `${EVENTS_PREFIX}journal/`),
    outbox: createCollection<OutboxItem>(kv, `${EVENTS_PREFIX}outbox/`),
  };
}

export async function openEventStore(
  kv: Kv,
  clock: Clock,
  { journalEntriesMax = JOURNAL_ENTRIES_MAX, incidentsKeptMax = INCIDENTS_KEPT_MAX } = {},
): Promise<EventStore> {
  const collections = createEventCollections(kv);
  const [alertItems, incidentItems, journalItems, outboxItems] = await Promise.all([
    collections.alerts.list(),
    collections.incidents.list(),
    collections.journal.list(),
    collections.outbox.list(),
  ]);
  // A pending alert starts over: while nobody looked, its condition may have been away.
  const pending = alertItems.filter(({ value }) => value.state === 'pending');
  await kv.transact(pending.slice(0, PRUNED_MAX).map(({ id }) => collections.alerts.deleteOperation(id)));
  const alerts = new Map(alertItems.filter((item) => !pending.includes(item)).map(({ id, value }) => [id, value]));
  const incidents = new Map(incidentItems.map(({ id, value }) => [id, value]));
  const outbox = new Map(outboxItems.map(({ id, value }) => [id, value]));
  const journal = journalItems.map(({ value }) => value);
  let lastEntryAt = journal.at(-1)?.at ?? 0;
  let waiting = 0;
  const turns = new Turns();

  const apply = async (changes: EventChanges): Promise<void> => {
    const now = clock.now();
    const entries = (changes.journal ?? []).map(({ text, ...draft }): JournalEntry => {
      // Ids sort by time, also those of one millisecond and those after the clock was set back.
      lastEntryAt = Math.max(now, lastEntryAt + 1);
      return { id: newId(lastEntryAt), at: now, ...draft, text: oneLine(text, JOURNAL_TEXT_LENGTH_MAX) };
    });
    const deletes = {
      alerts: expiredAlerts(alerts, now),
      incidents: surplusIncidents(incidents, incidentsKeptMax),
      journal: journal.slice(0, Math.max(0, Math.min(PRUNED_MAX, journal.length + entries.length - journalEntriesMax))),
      outbox: changes.delivered ?? [],
    };
    const operations: Operation[] = [
      ...deletes.alerts.map((id) => collections.alerts.deleteOperation(id)),
      ...deletes.incidents.map((id) => collections.incidents.deleteOperation(id)),
      ...deletes.journal.map(({ id }) => collections.journal.deleteOperation(id)),
      ...deletes.outbox.map((id) => collections.outbox.deleteOperation(id)),
      ...(changes.alerts ?? []).map((alert) => collections.alerts.putOperation(alert.id, alert)),
      ...(changes.incidents ?? []).map((incident) => collections.incidents.putOperation(incident.id, incident)),
      ...(changes.outbox ?? []).map((item) => collections.outbox.putOperation(item.id, item)),
      ...entries.map((entry) => collections.journal.putOperation(entry.id, entry)),
    ];
    if (operations.length === 0) return;
    await kv.transact(operations);

    for (const id of deletes.alerts) alerts.delete(id);
    for (const id of deletes.incidents) incidents.delete(id);
    for (const id of deletes.outbox) outbox.delete(id);
    for (const alert of changes.alerts ?? []) alerts.set(alert.id, alert);
    for (const incident of changes.incidents ?? []) incidents.set(incident.id, incident);
    for (const item of changes.outbox ?? []) outbox.set(item.id, item);
    journal.splice(0, deletes.journal.length);
    journal.push(...entries);
  };

  return {
    state: { alerts, incidents, journal, outbox },
    async change(compute) {
      if (waiting >= CHANGES_WAITING_MAX) {
        throw new OperatingError('exhausted', `${waiting} changes of events wait for the disk: try again later`);
      }
      waiting += 1;
      try {
        await turns.run('change', () => apply(compute()));
      } finally {
        waiting -= 1;
      }
    },
    whenIdle: () => turns.settle(),
  };
}

function expiredAlerts(alerts: ReadonlyMap<string, Alert>, now: number): string[] {
  const isExpired = ({ state, resolvedAt }: Alert): boolean =>
    state === 'resolved' && now - (resolvedAt ?? 0) > ALERT_KEPT_MS;
  return [...alerts.values()]
    .filter(isExpired)
    .slice(0, PRUNED_MAX)
    .map(({ id }) => id);
}

function surplusIncidents(incidents: ReadonlyMap<string, Incident>, keptMax: number): string[] {
  if (incidents.size <= keptMax) return [];
  const over = [...incidents.values()].filter(({ state }) => state === 'resolved');
  const surplus = Math.min(PRUNED_MAX, Math.max(0, over.length - keptMax));
  return over
    .toSorted((a, b) => a.openedAt - b.openedAt)
    .slice(0, surplus)
    .map(({ id }) => id);
}
