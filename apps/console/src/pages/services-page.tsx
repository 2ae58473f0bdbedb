import type { Instance } from '@plumb/registry';
import { Empty, Skeleton, Status } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Since } from '../components/ago.tsx';
import { useConsole } from '../components/console-context.ts';
import { applicationPath } from '../router.ts';
import { type ServiceRow, serviceRows } from '../store/dictionary.ts';
import { healthWord } from '../store/unit-status.ts';

/** The dictionary: what is offered, by whom, where, and who needs it. */
export function ServicesPage(): JSX.Element {
  const { store } = useConsole();
  const [text, setText] = useState('');
  const rows = store.dictionary.value === undefined ? undefined : serviceRows(store.dictionary.value);
  const shown = rows?.filter(({ service }) => service.name.includes(text.trim().toLowerCase()));
  return (
    <>
      <header class="page-head">
        <div>
          <h1 tabIndex={-1}>Services</h1>
          <p class="soft">What is offered, where it runs, and what breaks if it goes.</p>
        </div>
        <input
          class="input page-filter"
          type="search"
          data-filter
          aria-label="Filter services"
          placeholder="Filter  /"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </header>
      {shown === undefined && <Skeleton class="card application-skeleton" lines={4} />}
      {shown?.length === 0 && (
        <div class="card">
          <Empty
            title={rows?.length === 0 ? 'No service is declared' : 'No service has this name'}
            command="plumb services"
          >
            Deploying an application declares its services. In a terminal:
          </Empty>
        </div>
      )}
      <div class="stack">
        {shown?.map((row) => (
          <ServiceCard key={row.service.name} row={row} />
        ))}
      </div>
    </>
  );
}

function ServiceCard({ row: { service, instances, neededBy } }: { readonly row: ServiceRow }): JSX.Element {
  const { name, application, protocol, needs } = service;
  return (
    <article class="card service-card" aria-label={name} id={name}>
      <header class="card-head">
        <h2>{name}</h2>
        <span class="tag">{protocol}</span>
        <a class="link card-meta" href={applicationPath(application)}>
          {application}
        </a>
      </header>
      <ul class="rows">
        {instances.map((instance) => (
          <InstanceRow key={instance.id} instance={instance} />
        ))}
        {instances.length === 0 && <li class="soft">No instance runs, so nobody is sent here.</li>}
      </ul>
      {(needs.length > 0 || neededBy.length > 0) && (
        <dl class="service-edges">
          <ServiceNames term="Needs" names={needs} />
          <ServiceNames term="Needed by" names={neededBy} />
        </dl>
      )}
    </article>
  );
}

function InstanceRow({
  instance: { address, port, host, health, startedAt, id },
}: {
  readonly instance: Instance;
}): JSX.Element {
  return (
    <li class="instance-row">
      <Status {...healthWord(health.state)} />
      <code>
        {address}:{port}
      </code>
      <span class="soft">{host}</span>
      <span class="soft">
        up <Since at={startedAt} />
      </span>
      <code class="faint ellipsis">{id}</code>
    </li>
  );
}

function ServiceNames({
  term,
  names,
}: {
  readonly term: string;
  readonly names: readonly string[];
}): JSX.Element | null {
  if (names.length === 0) return null;
  return (
    <div>
      <dt class="faint">{term}</dt>
      <dd>{names.join(', ')}</dd>
    </div>
  );
}
