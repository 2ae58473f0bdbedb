import type { JSX } from 'preact';

/** How things are; `idle` is what rests on purpose, `note` says nothing about how things are. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'idle' | 'note';

/** A shape for each tone, so that colour is never the only sign. The word beside it is the caller's. */
const SHAPES: Readonly<Record<Tone, JSX.Element>> = {
  good: <circle cx="6" cy="6" r="5" fill="currentColor" />,
  busy: (
    <>
      <circle cx="6" cy="6" r="4.25" fill="none" stroke="currentColor" stroke-width="1.5" />
      <path d="M6 1.75a4.25 4.25 0 0 1 0 8.5z" fill="currentColor" />
    </>
  ),
  warn: <path d="M6 .8 11.6 11H.4z" fill="currentColor" stroke-linejoin="round" />,
  bad: (
    <>
      <rect x=".5" y=".5" width="11" height="11" rx="2.5" fill="currentColor" />
      <path d="m3.8 3.8 4.4 4.4m0-4.4L3.8 8.2" class="mark-cut" stroke-width="1.6" stroke-linecap="round" />
    </>
  ),
  note: <path d="M6 2.2 9.8 6 6 9.8 2.2 6z" fill="currentColor" />,
  idle: <circle cx="6" cy="6" r="4.25" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="2.2 2" />,
};

export function StatusMark({ tone }: { readonly tone: Tone }): JSX.Element {
  return (
    <svg class={`mark tone-${tone}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {SHAPES[tone]}
    </svg>
  );
}

/** The shape, the colour and the word. */
export function Status({ tone, word }: { readonly tone: Tone; readonly word: string }): JSX.Element {
  return (
    <span class={`status tone-${tone}`}>
      <StatusMark tone={tone} />
      <span>{word}</span>
    </span>
  );
}
