/** The console of a plumbd in a browser that has just followed its sign-in link. */
import { findProgram } from '@plumb/testing';
import { chromium, type Page } from 'playwright-core';
import type { PlumbProcess } from './plumb-process.ts';

/** As root, without a graphics card, and asking nothing of the network. */
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export type ConsoleBrowser = AsyncDisposable & {
  readonly page: Page;
  /** What the page threw or logged as an error. */
  readonly faults: readonly string[];
};

export async function openConsole(plumb: PlumbProcess): Promise<ConsoleBrowser> {
  await using opening = new AsyncDisposableStack();
  const browser = await chromium.launch({ executablePath: findProgram('chromium') ?? '', args: CHROMIUM_FLAGS });
  opening.defer(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  const [link] = /http:\/\/localhost:\d+\/sign-in\?code=\S+/.exec(plumb.output()) ?? [];
  await page.goto(link ?? '');
  const open = opening.move();
  return { page, faults, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
