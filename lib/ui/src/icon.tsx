import type { JSX } from 'preact';

/** Outlines on a grid of 16, drawn with the text's colour. */
const PATHS = {
  overview: 'M2.5 2.5h4.5v6H2.5zM9 2.5h4.5v3.5H9zM9 8.5h4.5v5H9zM2.5 11h4.5v2.5H2.5z',
  alerts: 'M8 2a4 4 0 0 1 4 4c0 3.6 1.5 4.5 1.5 5.5h-11C2.5 10.5 4 9.6 4 6a4 4 0 0 1 4-4zM6.5 13.5h3',
  journal: 'M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2.5',
  services: 'M8 2.5v3M8 5.5 3.5 9M8 5.5 12.5 9M2 9h3.5v3.5H2zM10.5 9H14v3.5h-3.5z',
  config: 'M2.5 5h5M10.5 5h3M9 3.5v3M2.5 11h2M7.5 11h6M6 9.5v3',
  lock: 'M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  back: 'M10 4 6 8l4 4',
  query: 'M2.5 13.5h11M4 10.5l3-4 2.5 2.5 3.5-5.5',
  host: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3l3.2 3.2',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  sun: 'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7',
  moon: 'M13 9.6A5.5 5.5 0 0 1 6.4 3 5.5 5.5 0 1 0 13 9.6z',
  system: 'M2.5 3h11v7.5h-11zM5.5 13.5h5M8 10.5v3',
  help: 'M6 6a2 2 0 1 1 2.7 1.9c-.5.2-.7.6-.7 1.1v.3M8 11.6h.01M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8z',
  copy: 'M5.5 5.5h7v8h-7zM5.5 10.5h-2v-8h7v3',
  check: 'M3 8.5 6.5 12 13 4.5',
  close: 'M4 4l8 8M12 4l-8 8',
  chevron: 'M6 4l4 4-4 4',
  external: 'M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3 7.5 8.5',
  edit: 'M3 13l.7-2.9L10.6 3.2l2.2 2.2-6.9 6.9z',
  history: 'M2.8 8a5.2 5.2 0 1 0 1.6-3.8L2.8 5.7M2.8 2.7v3h3M8 5.2V8l2 1.3',
  bell: 'M8 2a4 4 0 0 1 4 4c0 3.6 1.5 4.5 1.5 5.5h-11C2.5 10.5 4 9.6 4 6a4 4 0 0 1 4-4z',
  down: 'M8 3v9.5M4 8.7l4 4 4-4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
