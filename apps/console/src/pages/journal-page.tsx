import { type JournalKind, journalKinds } from '@plumb/events';
import { Empty, Skeleton } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useConsole } from '../components/console-context.ts';
import { JOURNAL_WORDS, JournalList } from '../components/journal-list.tsx';
import { loadOlderJournal } from '../store/event-actions.ts';

/** What Plumb did by itself, latest first. */
export function JournalPage(): JSX.Element {
  return (
    <>
      <header class="page-head">
        <div>
          <h1 tabIndex={-1}>Journal</h1>
          <p class="soft">What Plumb did by itself, and why.</p>
        </div>
      </header>
      <JournalSection />
    </>
  );
}

/** What the feed begins with: when it has fewer, there are no older ones. */
const SNAPSHOT_ENTRIES = 50;

/** The journal, of one application where one is named. */
export function JournalSection({ application }: { readonly application?: string }): JSX.Element {
  const { store, api } = useConsole();
  const [text, setText] = useState('');
  const [kind, setKind] = useState<JournalKind | ''>('');
  const [hasMore, setHasMore] = useState<boolean | undefined>(undefined);
  const mayHaveMore = hasMore ?? (store.events.value?.journal.length ?? 0) >= SNAPSHOT_ENTRIES;
  const all = store.events.value?.journal.filter(
    (entry) => application === undefined || entry.application === application,
  );
  const wanted = text.trim().toLowerCase();
  const shown = all?.filter(
    (entry) => (kind === '' || entry.kind === kind) && entry.text.toLowerCase().includes(wanted),
  );
  return (
    <section class="card" aria-label="Journal">
      <header class="log-head">
        <input
          class="input"
          type="search"
          data-filter
          aria-label="Filter entries"
          placeholder="Filter entries  /"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <select
          class="input log-unit"
          aria-label="Kind"
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value as JournalKind | '')}
        >
          <option value="">All kinds</option>
          {journalKinds.map((one) => (
            <option key={one} value={one}>
              {JOURNAL_WORDS[one].word}
            </option>
          ))}
        </select>
      </header>
      {shown === undefined && <Skeleton class="pad" lines={8} />}
      {shown?.length === 0 && (
        <Empty title={all?.length === 0 ? 'Nothing happened yet' : 'No entry matches'} command="plumb journal">
          Restarts, deploys, incidents and notifications are written here. In a terminal:
        </Empty>
      )}
      {shown !== undefined && <JournalList entries={shown} />}
      {mayHaveMore && shown !== undefined && shown.length > 0 && (
        <footer class="card-foot">
          <button
            type="button"
            class="button is-small"
            onClick={() => void loadOlderJournal(store, api, application).then(setHasMore)}
          >
            Load older entries
          </button>
        </footer>
      )}
    </section>
  );
}
