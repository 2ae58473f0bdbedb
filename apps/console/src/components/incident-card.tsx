import type { Incident } from '@plumb/events';
import { Status, type Tone } from '@plumb/ui';
import type { JSX } from 'preact';
import { applicationPath } from '../router.ts';
import { acknowledge } from '../store/event-actions.ts';
import { incidentSummaries } from '../store/event-log.ts';
import { Ago } from './ago.tsx';
import { useConsole } from './console-context.ts';

const STATES: Readonly<Record<Incident['state'], { readonly tone: Tone; readonly word: string }>> = {
  open: { tone: 'bad', word: 'Open' },
  acknowledged: { tone: 'warn', word: 'Acknowledged' },
  resolved: { tone: 'good', word: 'Resolved' },
};

/** Trouble that needs a person: what, since when, who was told. */
export function IncidentCard({ incident }: { readonly incident: Incident }): JSX.Element {
  const { store, api } = useConsole();
  const log = store.events.value;
  const summaries = log === undefined || incident.state === 'resolved' ? [] : incidentSummaries(log, incident);
  const { state, title, subject, application, openedAt, acknowledgedBy } = incident;
  return (
    <article class={`card incident incident-${state}`} aria-label={`Incident: ${title}`}>
      <header class="incident-head">
        <Status {...STATES[state]} />
        <h3>{title}</h3>
        {state === 'open' && (
          <button type="button" class="button is-small" onClick={() => void acknowledge(store, api, incident)}>
            Acknowledge
          </button>
        )}
      </header>
      <p class="soft">
        {application === undefined ? (
          subject
        ) : (
          <a class="link" href={applicationPath(application)}>
            {subject}
          </a>
        )}
        {' · opened '}
        <Ago at={openedAt} />
        {acknowledgedBy !== undefined && ` · ${acknowledgedBy} looks at it`}
      </p>
      {summaries.map((summary) => (
        <p key={summary}>{summary}</p>
      ))}
      <IncidentTimeline incident={incident} />
    </article>
  );
}

/** What was sent where and what became of it, with the end at the end. */
function IncidentTimeline({
  incident: { notifications, resolvedAt },
}: {
  readonly incident: Incident;
}): JSX.Element | null {
  if (notifications.length === 0 && resolvedAt === undefined) return null;
  return (
    <ol class="timeline">
      {notifications.map(({ channel, to, state, at, error }) => (
        <li key={`${channel} ${to}`} class={state === 'failed' ? 'tone-bad' : 'soft'}>
          {channel === 'email' ? 'E-mail' : 'Webhook'} to {to} {state === 'pending' ? 'is being sent' : state}{' '}
          <Ago at={at} />
          {error !== undefined && `: ${error}`}
        </li>
      ))}
      {resolvedAt !== undefined && (
        <li class="soft">
          Resolved <Ago at={resolvedAt} />
        </li>
      )}
    </ol>
  );
}
