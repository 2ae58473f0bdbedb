import type { Alert, Incident, Rule } from '@plumb/events';
import { describeError, formatDuration } from '@plumb/base';
import { Empty, formatCount, Skeleton, Status } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Ago } from '../components/ago.tsx';
import { ConfigTable } from '../components/config-table.tsx';
import { useConsole, useRunning } from '../components/console-context.ts';
import { IncidentCard } from '../components/incident-card.tsx';
import { NotificationTest } from '../components/notification-test.tsx';
import { activeAlerts, type EventLog, openIncidents } from '../store/event-log.ts';

/** The application whose configuration is Plumb's own. */
const PLUMB_APPLICATION = 'plumb';

/** What needs a person, what is about to, and how they are told. */
export function AlertsPage(): JSX.Element {
  const { store } = useConsole();
  const events = store.events.value;
  const open = events === undefined ? undefined : openIncidents(events);
  return (
    <>
      <header class="page-head">
        <div>
          <h1 tabIndex={-1}>Alerts</h1>
          <p class="soft">
            {open === undefined
              ? 'Asking…'
              : open.length === 0
                ? 'No incident is open.'
                : `${formatCount(open.length, 'incident')} open.`}
          </p>
        </div>
      </header>
      {events === undefined ? <Skeleton class="card application-skeleton" lines={4} /> : <AlertsBody events={events} />}
    </>
  );
}

/** Comes when the events are known, so that nothing that is there moves down. */
function AlertsBody({ events }: { readonly events: EventLog }): JSX.Element {
  const open = openIncidents(events);
  return (
    <>
      <section class="stack" aria-label="Open incidents">
        {open.length === 0 && (
          <div class="card">
            <Empty title="Nothing needs you">
              What Plumb can fix, it fixes, and writes it in the journal. An incident opens when it cannot.
            </Empty>
          </div>
        )}
        {open.map((incident) => (
          <IncidentCard key={incident.id} incident={incident} />
        ))}
      </section>
      <PendingAlerts alerts={activeAlerts(events).filter(({ incidentId }) => incidentId === undefined)} />
      <div class="two-columns">
        <NotificationTest />
        <Rules />
      </div>
      <ConfigTable
        application={PLUMB_APPLICATION}
        title="Notification settings"
        hint="Set notify.email.to and notify.smtp.url, or notify.webhook.url, as above."
      />
      <ResolvedIncidents />
    </>
  );
}

/** What fires is told by its incident. */
function PendingAlerts({ alerts }: { readonly alerts: readonly Alert[] }): JSX.Element {
  return (
    <section class="card" aria-labelledby="alerts-title">
      <header class="card-head">
        <h2 id="alerts-title">Pending</h2>
      </header>
      {alerts.length === 0 && <p class="card-text soft">Nothing is about to become an incident.</p>}
      <ul class="rows">
        {alerts.map((alert) => (
          <li key={alert.id} class="alert-row">
            <Status
              tone={alert.state === 'firing' ? (alert.severity === 'critical' ? 'bad' : 'warn') : 'busy'}
              word={alert.state === 'firing' ? 'Firing' : 'Pending'}
            />
            <span>{alert.summary}</span>
            <span class="faint">
              since <Ago at={alert.activeAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const RESOLVED_SHOWN = 20;

/** Read once, and again when an incident of the feed changes. */
function ResolvedIncidents(): JSX.Element | null {
  const { store, api } = useConsole();
  const [incidents, setIncidents] = useState<readonly Incident[]>([]);
  const known = store.events.value?.incidents;
  useRunning(
    (signal) =>
      api.events
        .incidents({ includeResolved: true, limit: RESOLVED_SHOWN }, { signal })
        .then(setIncidents, () => undefined),
    [known],
  );
  const resolved = incidents.filter(({ state }) => state === 'resolved');
  if (resolved.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="resolved-title">
      <h2 id="resolved-title" class="section-title">
        Resolved
      </h2>
      {resolved.map((incident) => (
        <IncidentCard key={incident.id} incident={incident} />
      ))}
    </section>
  );
}

function Rules(): JSX.Element {
  const { api } = useConsole();
  const [rules, setRules] = useState<readonly Rule[] | string | undefined>(undefined);
  useRunning(
    (signal) => api.events.rules({}, { signal }).then(setRules, (error: unknown) => setRules(describeError(error))),
    [],
  );
  return (
    <section class="card" aria-labelledby="rules-title">
      <header class="card-head">
        <h2 id="rules-title">Built-in rules</h2>
      </header>
      {rules === undefined && <Skeleton class="pad" lines={3} />}
      {typeof rules === 'string' && <Empty title="The rules cannot be read">{rules}</Empty>}
      <ul class="rows">
        {typeof rules === 'object' &&
          rules.map(({ name, title, severity, forMs }) => (
            <li key={name} class="rule-row">
              <span>{title}</span>
              <span class="tag">{severity}</span>
              <span class="faint">{forMs === 0 ? 'at once' : `after ${formatDuration(forMs)}`}</span>
            </li>
          ))}
      </ul>
    </section>
  );
}
