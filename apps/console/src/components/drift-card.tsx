import type { Drift, DriftKind } from '@plumb/registry';
import { Status, type Tone } from '@plumb/ui';
import type { JSX } from 'preact';
import { Ago } from './ago.tsx';

const KINDS: Readonly<Record<DriftKind, { readonly tone: Tone; readonly word: string }>> = {
  'never-seen': { tone: 'warn', word: 'Never seen' },
  'not-declared': { tone: 'warn', word: 'Not declared' },
  'undeclared-call': { tone: 'warn', word: 'Undeclared call' },
  'never-called': { tone: 'warn', word: 'Never called' },
};

/** Where what is declared and what is seen part; nothing where they agree. */
export function DriftCard({ drift }: { readonly drift: readonly Drift[] }): JSX.Element | null {
  if (drift.length === 0) return null;
  return (
    <section class="card" aria-label="Drift">
      <header class="card-head">
        <h2>Differs from what is declared</h2>
        <span class="card-meta soft">{drift.length}</span>
      </header>
      <ul class="rows">
        {drift.map(({ kind, service, application, sinceAt, text }) => (
          <li key={`${kind} ${service} ${application ?? ''}`} class="drift-row">
            <Status {...KINDS[kind]} />
            <a href={`#${service}`}>{text}</a>
            <span class="soft">
              <Ago at={sinceAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
