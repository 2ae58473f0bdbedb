// Before the first paint, so that a chosen theme does not flash; `src/store/theme.ts` writes the key.
try {
  const theme = localStorage.getItem('plumb.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be closed to us; the system's theme is used then.
}
