/** What the palette finds: pages, applications and their parts, by a few letters. */
import type { Applications } from './applications.ts';

export type PaletteItem = { readonly label: string; readonly hint: string; readonly path: string };

const PAGES: readonly PaletteItem[] = [
  { label: 'Overview', hint: 'Page', path: '/' },
  { label: 'Alerts', hint: 'Page', path: '/alerts' },
  { label: 'Journal', hint: 'Page', path: '/journal' },
  { label: 'Services', hint: 'Page', path: '/services' },
  { label: 'Configuration', hint: 'Page', path: '/config' },
  { label: 'Query', hint: 'Page', path: '/query' },
  { label: 'Host', hint: 'Page', path: '/host' },
];

const TABS = [
  ['', '', 'Application'],
  ['/config', ' configuration', 'Application'],
  ['/log', ' log', 'Application'],
  ['/journal', ' journal', 'Application'],
] as const;

export function paletteItems(applications: Applications | undefined): PaletteItem[] {
  const names = [...(applications?.keys() ?? [])];
  return [
    ...names.flatMap((name) =>
      TABS.map(([tab, word, hint]) => ({ label: `${name}${word}`, hint, path: `/apps/${name}${tab}` })),
    ),
    ...PAGES,
  ];
}

/** The items whose label has the letters of `text` in order, best first: the start of a word beats the middle of one. */
export function findItems(items: readonly PaletteItem[], text: string): PaletteItem[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [...items];
  return items
    .flatMap((item) => {
      const score = matchScore(item.label.toLowerCase(), wanted);
      return score === undefined ? [] : [{ item, score }];
    })
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item);
}

/** Undefined where a letter is missing. Of two labels that fit alike the shorter one is meant. */
function matchScore(label: string, text: string): number | undefined {
  let score = 0;
  let from = 0;
  for (const letter of text) {
    const at = label.indexOf(letter, from);
    if (at < 0) return undefined;
    score += at === 0 || label[at - 1] === ' ' ? 4 : at === from ? 2 : 0;
    from = at + 1;
  }
  return score - label.length / 100;
}
