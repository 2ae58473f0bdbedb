import type { ApplicationStatus } from '@plumb/deploy';
import { serviceName } from '@plumb/registry';
import { Empty, formatRelease, Skeleton } from '@plumb/ui';
import type { JSX } from 'preact';
import { Ago } from '../components/ago.tsx';
import { Boards, WindowChoice } from '../components/board.tsx';
import { ConfigTable } from '../components/config-table.tsx';
import { useConsole } from '../components/console-context.ts';
import { IncidentCard } from '../components/incident-card.tsx';
import { LogView } from '../components/log-view.tsx';
import { UnitTable } from '../components/unit-table.tsx';
import { APPLICATION_TABS, applicationPath, type ApplicationTab } from '../router.ts';
import { openIncidents } from '../store/event-log.ts';
import { orderUnits } from '../store/unit-status.ts';
import { JournalSection } from './journal-page.tsx';

export type ApplicationPageProps = { readonly name: string; readonly tab: ApplicationTab };

/** One application: its units always in sight, and below them graphs, configuration, log or journal. */
export function ApplicationPage({ name, tab }: ApplicationPageProps): JSX.Element {
  const { store } = useConsole();
  const applications = store.applications.value;
  if (applications === undefined) return <ApplicationSkeleton name={name} />;
  const application = applications.get(name);
  if (application === undefined) return <NoApplication name={name} />;
  const incidents =
    store.events.value === undefined ? [] : openIncidents(store.events.value).filter((one) => one.application === name);
  return (
    <>
      <ApplicationHead application={application} />
      <div class="stack">
        {incidents.map((incident) => (
          <IncidentCard key={incident.id} incident={incident} />
        ))}
      </div>
      <UnitTable units={application.units} />
      <Tabs name={name} tab={tab} />
      <TabContent application={application} tab={tab} />
    </>
  );
}

function ApplicationHead({ application }: { readonly application: ApplicationStatus }): JSX.Element {
  const { name, environment, description, release, deployedAt } = application;
  return (
    <header class="page-head application-head">
      <div>
        <h1 tabIndex={-1}>
          {name} <span class="tag is-accent">{environment}</span>
        </h1>
        <p class="soft">
          {description !== undefined && `${description} · `}
          release <code title={release}>{formatRelease(release)}</code> · deployed <Ago at={deployedAt} />
        </p>
      </div>
    </header>
  );
}

const TAB_WORDS: Readonly<Record<ApplicationTab, string>> = {
  graphs: 'Graphs',
  config: 'Configuration',
  log: 'Log',
  journal: 'Journal',
};

function Tabs({ name, tab }: ApplicationPageProps): JSX.Element {
  return (
    <div class="tabs">
      <nav aria-label={`Parts of ${name}`}>
        {APPLICATION_TABS.map((one) => (
          <a key={one} href={applicationPath(name, one)} aria-current={one === tab ? 'page' : undefined}>
            {TAB_WORDS[one]}
          </a>
        ))}
      </nav>
      {tab === 'graphs' && <WindowChoice />}
    </div>
  );
}

function TabContent({
  application,
  tab,
}: {
  readonly application: ApplicationStatus;
  readonly tab: ApplicationTab;
}): JSX.Element {
  const { name } = application;
  const units = orderUnits(application.units);
  switch (tab) {
    case 'graphs':
      return (
        <Boards
          syncKey={name}
          jobs={units.map(({ component }) => ({
            job: serviceName(name, component),
            title: units.length > 1 ? component : undefined,
          }))}
        />
      );
    case 'config':
      return <ConfigTable application={name} />;
    case 'log':
      return <LogView application={name} units={units.map(({ unit }) => unit)} />;
    case 'journal':
      return <JournalSection application={name} />;
  }
}

function ApplicationSkeleton({ name }: { readonly name: string }): JSX.Element {
  return (
    <>
      <header class="page-head application-head">
        <div>
          <h1 tabIndex={-1}>{name}</h1>
          <p>&nbsp;</p>
        </div>
      </header>
      <Skeleton class="card application-skeleton" lines={4} />
    </>
  );
}

function NoApplication({ name }: { readonly name: string }): JSX.Element {
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>{name}</h1>
      </header>
      <div class="card">
        <Empty title={`There is no application "${name}"`} command="plumb deploy">
          It was removed, or was never deployed here. Deploy it from the folder with its plumb.yaml:
        </Empty>
      </div>
    </>
  );
}
