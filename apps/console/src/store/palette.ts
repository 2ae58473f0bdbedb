/** What the palette finds: pages, applications and their parts, by a few letters. */
import type { Applications } from './applications.ts';

export type PaletteItem = { readonly label: string; readonly hint: string; readonly path: string };

const PAGES: readonly PaletteItem[] = [
  { label: 'Overview', hint: 'Page', path: '/' },
  { label: 'Alerts', hint: 'Page', path: '/alerts' },
  { label: 'Journal', hint: 'Page', path: '/journal' },
  { label: 'Services', hint: 'Page', path: '/services' },
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
  return items
    .map((item) => ({ item, score: matchScore(item.label.toLowerCase(), text.trim().toLowerCase()) }))
    .filter(({ score }) => score >= 0)
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item);
}

/** -1 where a letter is missing. */
function matchScore(label: string, text: string): number {
  let score = 0;
  let from = 0;
  for (const letter of text) {
    const at = label.indexOf(letter, from);
    if (at < 0) return -1;
    score += at === 0 || label[at - 1] === ' ' ? 4 : at === from ? 2 : 0;
    from = at + 1;
  }
  return score - label.length / 100;
}
