import { Empty, formatCount, Skeleton, StatusMark } from '@plumb/ui';
import type { JSX } from 'preact';
import { ApplicationCard } from '../components/application-card.tsx';
import { useConsole } from '../components/console-context.ts';
import { HostPanel } from '../components/host-panel.tsx';
import { IncidentCard } from '../components/incident-card.tsx';
import { JournalList } from '../components/journal-list.tsx';
import { countHealed, openIncidents } from '../store/event-log.ts';
import { overallState } from '../store/unit-status.ts';

const JOURNAL_ENTRIES = 12;

/** How everything is, in one glance: what is wrong comes first. */
export function OverviewPage(): JSX.Element {
  const { store } = useConsole();
  const incidents = store.events.value === undefined ? [] : openIncidents(store.events.value);
  return (
    <>
      <OverallHead />
      {incidents.length > 0 && (
        <section class="stack" aria-label="Open incidents">
          {incidents.map((incident) => (
            <IncidentCard key={incident.id} incident={incident} />
          ))}
        </section>
      )}
      {store.applications.value === undefined ? (
        <Skeleton class="card application-skeleton" lines={4} />
      ) : (
        <OverviewBody />
      )}
    </>
  );
}

/** Comes when the applications are known, so that nothing that is there moves down. */
function OverviewBody(): JSX.Element {
  return (
    <>
      <div class="overview-grid">
        <section class="stack" aria-label="Applications">
          <Applications />
        </section>
        <HostPanel />
      </div>
      <RecentJournal />
    </>
  );
}

function OverallHead(): JSX.Element {
  const { store } = useConsole();
  const applications = store.applications.value;
  if (applications === undefined) {
    return (
      <header class="overall">
        <h1 tabIndex={-1} class="faint">
          Asking how things are…
        </h1>
        <p>&nbsp;</p>
      </header>
    );
  }
  const incidents = store.events.value === undefined ? [] : openIncidents(store.events.value);
  const { tone, title, detail } = overallState([...applications.values()], incidents.length);
  const healedCount = countHealed(store.events.value?.journal ?? [], store.now.value);
  return (
    <header class="overall" aria-live="polite">
      <h1 tabIndex={-1}>
        <span class={`overall-mark tone-${tone}`}>
          <StatusMark tone={tone} />
        </span>
        {title}
      </h1>
      <p class="soft">
        {detail}
        {healedCount > 0 && ` Plumb healed ${formatCount(healedCount, 'failure')} by itself in the last 24 hours.`}
      </p>
    </header>
  );
}

function Applications(): JSX.Element {
  const applications = useConsole().store.applications.value;
  if (applications === undefined || applications.size === 0) {
    return (
      <div class="card">
        <Empty title="No application is deployed" command="plumb deploy">
          An application is a folder with a plumb.yaml. Deploy it from there:
        </Empty>
      </div>
    );
  }
  return (
    <>
      {[...applications.values()].map((application) => (
        <ApplicationCard key={application.name} application={application} />
      ))}
    </>
  );
}

function RecentJournal(): JSX.Element {
  const journal = useConsole().store.events.value?.journal;
  return (
    <section class="card recent-journal" aria-labelledby="journal-title">
      <header class="card-head">
        <h2 id="journal-title">Journal</h2>
        <a class="link card-meta" href="/journal">
          All entries
        </a>
      </header>
      {journal === undefined && <Skeleton class="pad" lines={4} />}
      {journal?.length === 0 && <Empty title="Nothing happened yet">What Plumb does by itself is written here.</Empty>}
      {journal !== undefined && journal.length > 0 && <JournalList entries={journal.slice(0, JOURNAL_ENTRIES)} />}
    </section>
  );
}
