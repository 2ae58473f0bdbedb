import type { JournalEntry, JournalKind } from '@plumb/events';
import { formatClock, formatMoment, StatusMark, type Tone } from '@plumb/ui';
import type { JSX } from 'preact';
import { applicationPath } from '../router.ts';
import { useConsole } from './console-context.ts';

export const JOURNAL_WORDS: Readonly<Record<JournalKind, { readonly word: string; readonly tone: Tone }>> = {
  heal: { word: 'Healed', tone: 'good' },
  'give-up': { word: 'Gave up', tone: 'bad' },
  deploy: { word: 'Deploy', tone: 'note' },
  incident: { word: 'Incident', tone: 'warn' },
  notify: { word: 'Notified', tone: 'note' },
  system: { word: 'System', tone: 'note' },
};

/** Journal lines, latest first. */
export function JournalList({ entries }: { readonly entries: readonly JournalEntry[] }): JSX.Element {
  return (
    <ol class="journal" aria-label="Journal entries">
      {entries.map((entry) => (
        <JournalRow key={entry.id} entry={entry} />
      ))}
    </ol>
  );
}

function JournalRow({ entry: { at, kind, text, application } }: { readonly entry: JournalEntry }): JSX.Element {
  const { store } = useConsole();
  const { word, tone } = JOURNAL_WORDS[kind];
  const isToday = new Date(at).toDateString() === new Date(store.now.peek()).toDateString();
  return (
    <li class="journal-row">
      <time class="faint" dateTime={new Date(at).toISOString()} title={formatMoment(at, store.now.peek())}>
        {isToday ? formatClock(at) : formatMoment(at, store.now.peek())}
      </time>
      <span class={`journal-kind tone-${tone}`}>
        <StatusMark tone={tone} />
        {word}
      </span>
      <span class="journal-text">{text}</span>
      {application !== undefined && (
        <a class="journal-application faint" href={applicationPath(application)}>
          {application}
        </a>
      )}
    </li>
  );
}
