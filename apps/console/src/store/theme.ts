/** The chosen theme, kept in the browser. `public/theme.js` reads the same key before the first paint. */
export type Theme = 'system' | 'light' | 'dark';

export const THEME_KEY = 'plumb.theme';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export function readTheme(storage: Pick<Storage, 'getItem'>): Theme {
  const kept = storage.getItem(THEME_KEY);
  return THEMES.find((theme) => theme === kept) ?? 'system';
}

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
}

/** Shows `theme` on the page and keeps it. */
export function applyTheme(theme: Theme, root: Pick<HTMLElement, 'dataset'>, storage: Pick<Storage, 'setItem'>): void {
  if (theme === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = theme;
  storage.setItem(THEME_KEY, theme);
}
