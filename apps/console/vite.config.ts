import { defineConfig } from 'vite';

const PLUMBD = 'http://127.0.0.1:7700';

/** Everything is an own file with a hash in its name: nothing inline, so that `default-src 'self'` suffices. */
export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // `npm run dev`: the page from here, everything else from plumbd. One host, so that the session's cookie fits both.
  server: { host: '127.0.0.1', proxy: { '/api': { target: PLUMBD, ws: true }, '/sign-in': { target: PLUMBD } } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: ['chrome123', 'firefox125', 'safari17.5'],
    modulePreload: { polyfill: false },
  },
});
