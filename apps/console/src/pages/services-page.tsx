import { Empty, Skeleton } from '@plumb/ui';
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { useConsole, useRunning } from '../components/console-context.ts';
import { DriftCard } from '../components/drift-card.tsx';
import { ServiceCard } from '../components/service-card.tsx';
import { matchesService, serviceRows } from '../store/dictionary.ts';
import { createEvidenceFeed, followEvidence } from '../store/evidence-feed.ts';

/** The dictionary: what is offered, by whom, where, and who uses it; declared beside seen. */
export function ServicesPage(): JSX.Element {
  const { store, api, world } = useConsole();
  const [text, setText] = useState('');
  const feed = useMemo(createEvidenceFeed, []);
  useRunning((signal) => followEvidence(feed, api, world, signal), [feed]);
  const [dictionary, usages, drift] = [store.dictionary.value, feed.usages.value, feed.drift.value];
  // All of it at once: nothing that is there moves down when the rest arrives.
  const isHere = dictionary !== undefined && usages !== undefined && drift !== undefined;
  const rows = isHere ? serviceRows(dictionary, usages) : undefined;
  const shown = rows?.filter((row) => matchesService(row, text.trim().toLowerCase()));
  return (
    <>
      <header class="page-head">
        <div>
          <h1 tabIndex={-1}>Services</h1>
          <p class="soft">
            What is offered, where it runs, and what breaks if it goes.
            {drift?.length === 0 && rows?.length !== 0 && ' What is declared and what is seen agree.'}
          </p>
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
      {feed.fault.value !== undefined && <p class="soft">Who uses what cannot be shown: {feed.fault.value}</p>}
      {shown === undefined && <Skeleton class="card application-skeleton" lines={4} />}
      {shown?.length === 0 && (
        <div class="card">
          <Empty title={rows?.length === 0 ? 'No service is declared' : 'Nothing matches'} command="plumb services">
            Deploying an application declares its services. In a terminal:
          </Empty>
        </div>
      )}
      <div class="stack">
        {text === '' && drift !== undefined && shown !== undefined && <DriftCard drift={drift} />}
        {shown?.map((row) => (
          <ServiceCard key={row.name} row={row} />
        ))}
      </div>
    </>
  );
}
