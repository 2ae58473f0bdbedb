/** What a person can do about incidents, notifications and the journal. */
import { describeError } from '@plumb/base';
import type { EventsClient, Incident } from '@plumb/events';
import { addNotice, type ConsoleStore } from './console-store.ts';
import { applyEventsChange, type EventLog, mergeJournal } from './event-log.ts';

type EventsStore = Pick<ConsoleStore, 'events' | 'notices' | 'me'>;

/** Shows the incident as acknowledged at once, and takes that back if the server refuses. */
export async function acknowledge(
  store: EventsStore,
  { events }: { readonly events: Pick<EventsClient, 'acknowledge'> },
  incident: Incident,
): Promise<void> {
  const show = (shown: Incident): void => {
    store.events.value = applyEventsChange(store.events.value, {
      kind: 'change',
      alerts: [],
      incidents: [shown],
      journal: [],
    });
  };
  show({ ...incident, state: 'acknowledged', acknowledgedBy: store.me.value ?? 'you' });
  try {
    show(await events.acknowledge({ incidentId: incident.id }));
  } catch (error) {
    show(incident);
    addNotice(store, 'bad', `could not acknowledge "${incident.title}": ${describeError(error)}`);
  }
}

const PAGE_ENTRIES = 100;

/** Adds the entries before the oldest known one. Answers whether there may be more. */
export async function loadOlderJournal(
  store: EventsStore,
  { events }: { readonly events: Pick<EventsClient, 'journal'> },
  application?: string,
): Promise<boolean> {
  const known = (store.events.value?.journal ?? []).filter(
    (entry) => application === undefined || entry.application === application,
  );
  try {
    const beforeId = known.at(-1)?.id;
    const older = await events.journal({
      limit: PAGE_ENTRIES,
      ...(application === undefined ? {} : { application }),
      ...(beforeId === undefined ? {} : { beforeId }),
    });
    const log: EventLog = store.events.value ?? { alerts: new Map(), incidents: new Map(), journal: [] };
    store.events.value = { ...log, journal: mergeJournal(log.journal, older) };
    return older.length === PAGE_ENTRIES;
  } catch (error) {
    addNotice(store, 'bad', `could not read the journal: ${describeError(error)}`);
    return true;
  }
}
