import { type Clock, describeError, newId, OperatingError } from '@plumb/base';
import type { Entry, Kv } from '@plumb/kv';
import type { Alert, EventsHandlers, Incident, JournalEntry } from './contract.ts';
import type { OutboxItem, Recipient } from './evaluation.ts';
import { ALERT_KEPT_MS, EVENTS_PREFIX, type EventStore, createEventCollections } from './event-store.ts';
import { RULES } from './rules.ts';

/** Entries of the journal in one answer, unless the caller says otherwise, and at the start of a watch. */
const JOURNAL_LIMIT = 50;
const INCIDENTS_LIMIT = 100;

export type HandlerDependencies = {
  readonly kv: Kv;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly recipients: () => readonly Recipient[];
  readonly deliver: (item: OutboxItem, signal: AbortSignal) => Promise<void>;
};

/** Everything that can be asked of events: answers come from memory, which shows what is on disk. */
export function eventsHandlers({ kv, store, clock, recipients, deliver }: HandlerDependencies): EventsHandlers {
  const { state } = store;
  return {
    alerts: ({ includeResolved = false }) => {
      const now = clock.now();
      const isShown = (alert: Alert): boolean =>
        alert.state !== 'resolved' ||
        (includeResolved && alert.firedAt !== undefined && now - (alert.resolvedAt ?? 0) <= ALERT_KEPT_MS);
      return [...state.alerts.values()].filter(isShown).toSorted((a, b) => b.activeAt - a.activeAt);
    },
    incidents: ({ includeResolved = false, limit = INCIDENTS_LIMIT }) =>
      [...state.incidents.values()]
        .filter((incident) => includeResolved || incident.state !== 'resolved')
        .toSorted((a, b) => b.openedAt - a.openedAt)
        .slice(0, limit),
    acknowledge: async ({ incidentId }, { caller }) => {
      await store.change(() => {
        const { incident, isChanged } = acknowledged(state.incidents.get(incidentId), incidentId, caller.id);
        const { application, subject } = incident;
        const text = `${incident.title}: ${caller.id} looks after it`;
        return isChanged ? { incidents: [incident], journal: [{ kind: 'incident', application, subject, text }] } : {};
      });
      return requireIncident(state.incidents.get(incidentId), incidentId);
    },
    journal: ({ application, limit = JOURNAL_LIMIT, beforeId }) => {
      const entries: JournalEntry[] = [];
      for (let index = state.journal.length - 1; index >= 0 && entries.length < limit; index -= 1) {
        const entry = state.journal[index];
        if (entry === undefined || (beforeId !== undefined && entry.id >= beforeId)) continue;
        if (application === undefined || entry.application === application) entries.push(entry);
      }
      return entries;
    },
    rules: () => Object.values(RULES),
    testNotification: (_input, { signal }) =>
      Promise.all(
        recipients().map(async (recipient) => {
          try {
            await deliver(testItem(recipient, clock.now()), signal);
            return recipient;
          } catch (error) {
            return { ...recipient, error: describeError(error) };
          }
        }),
      ),
    watch: ({ application }, { signal }) => watchEvents(kv, application, signal),
  };
}

/** The store's own watch, read as events: it is bounded, and sends a new snapshot to whoever falls behind. */
async function* watchEvents(
  kv: Kv,
  application: string | undefined,
  signal: AbortSignal,
): ReturnType<EventsHandlers['watch']> extends AsyncIterable<infer T> ? AsyncGenerator<T> : never {
  const collections = createEventCollections(kv);
  const isWanted = (one: { readonly application?: string | undefined }): boolean =>
    application === undefined || one.application === application;
  for await (const event of kv.watch(EVENTS_PREFIX, { signal })) {
    const isSnapshot = event.kind === 'snapshot';
    const entries = isSnapshot ? event.entries : event.puts;
    const under = (kind: string): Entry[] => entries.filter(({ key }) => key.startsWith(`${EVENTS_PREFIX}${kind}/`));
    const parse = <T>(kind: string, read: (entry: Entry) => { readonly value: T }): T[] =>
      under(kind).map((entry) => read(entry).value);
    const isLasting = ({ state }: Alert | Incident): boolean => !isSnapshot || state !== 'resolved';

    const alerts = parse('alert', collections.alerts.parse).filter((one) => isWanted(one) && isLasting(one));
    const incidents = parse('incident', collections.incidents.parse).filter((one) => isWanted(one) && isLasting(one));
    // Latest first, and no more of them read than are wanted.
    const journal: JournalEntry[] = [];
    for (const entry of under('journal').reverse()) {
      if (isSnapshot && journal.length === JOURNAL_LIMIT) break;
      const { value } = collections.journal.parse(entry);
      if (isWanted(value)) journal.push(value);
    }
    if (isSnapshot) yield { kind: 'snapshot', alerts, incidents, journal };
    else if (alerts.length + incidents.length + journal.length > 0) {
      yield { kind: 'change', alerts, incidents, journal: journal.reverse() };
    }
  }
}

function acknowledged(
  current: Incident | undefined,
  id: string,
  by: string,
): { readonly incident: Incident; readonly isChanged: boolean } {
  const incident = requireIncident(current, id);
  if (incident.state !== 'open') return { incident, isChanged: false };
  return { incident: { ...incident, state: 'acknowledged', acknowledgedBy: by }, isChanged: true };
}

function requireIncident(incident: Incident | undefined, id: string): Incident {
  if (incident !== undefined) return incident;
  throw new OperatingError('not-found', `there is no incident "${id}": list them with "plumb alerts"`);
}

function testItem(recipient: Recipient, now: number): OutboxItem {
  const incidentId = `test-${newId(now)}`;
  return {
    ...recipient,
    id: `${incidentId}-${recipient.channel}`,
    failures: 0,
    dueAt: now,
    notification: {
      incidentId,
      subject: 'plumb',
      application: undefined,
      title: 'test message',
      severity: 'warning',
      sinceAt: now,
      what: 'nothing is wrong: somebody asked Plumb to try its notifications',
      tried: 'Plumb sent this message',
      advice: 'nothing',
    },
  };
}
