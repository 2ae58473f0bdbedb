/**
 * The two pages that are not the console: shown before one is in. Plain HTML, no scripts, and an empty icon: browsers
 * would ask for /favicon.ico, which is refused like everything else to who is not signed in.
 */
import { createHash } from 'node:crypto';

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}
main{max-width:26rem;padding:2rem}
h1{font-size:1.25rem;margin:0 0 .5rem}
pre{padding:.75rem 1rem;border-radius:.5rem;background:color-mix(in srgb,CanvasText 8%,Canvas);user-select:all}
`;

/** The style as a source of a Content-Security-Policy (CSP level 3, part 2.3.1). */
export const PAGE_STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;

export function refusalPage(isLimited: boolean): string {
  return isLimited
    ? page('Too many tries', '<p>This address was wrong too often. Wait a minute, then try again.</p>')
    : page(
        'Sign in',
        '<p>The console needs a sign-in link. Get one in the terminal where Plumb runs:</p><pre>npx plumb token link</pre><p>A link works once, for ten minutes.</p>',
      );
}

export function signedInPage(): string {
  return page(
    'Signed in',
    '<p>You are signed in. <a href="/">Go to the console</a></p>',
    '<meta http-equiv="refresh" content="0;url=/">',
  );
}

function page(title: string, body: string, head = ''): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="icon" href="data:,">${head}
<title>${title} · Plumb</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>${body}</main></body></html>
`;
}
