// The page as a person uses it, in a real browser on a real chain.
import { findProgram, hasRequirement, until } from '@plumb/testing';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Anvil, openAnvil } from './anvil.ts';
import { openWorld, postTip, type World } from './world.ts';

/** The first start of a browser on a busy machine. */
const BROWSER_TIMEOUT_MS = 60_000;

describe.runIf(hasRequirement('chromium', 'install it with "apt-get install chromium"'))('the page', () => {
  let anvil: Anvil;
  let jar: World;
  let browser: Browser;

  beforeAll(async () => {
    anvil = await openAnvil();
    jar = await openWorld(anvil.url);
    browser = await chromium.launch({
      executablePath: findProgram('chromium') ?? '',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
  }, BROWSER_TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await jar?.[Symbol.asyncDispose]();
    await anvil?.[Symbol.asyncDispose]();
  });

  async function openPage(width: number, colorScheme: 'light' | 'dark'): Promise<{ page: Page; faults: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const faults: string[] = [];
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('pageerror', (error) => faults.push(String(error)));
    await page.goto(jar.url);
    return { page, faults };
  }

  test(
    'a visitor leaves a tip by keyboard and sees it; another sees it too, as text',
    async () => {
      const { page: other } = await openPage(390, 'dark');
      const { page, faults } = await openPage(1440, 'light');
      await page.getByText('Leave the first tip.').waitFor();
      await page.getByLabel('Amount in ETH').fill('0.25');
      await page.keyboard.press('Tab');
      await page.keyboard.type('<img src=x onerror="document.title=1">');
      await page.getByLabel('Message').fill('Thank you');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByText(/^Thank you, .*: 0\.25 ETH is in the jar\.$/).waitFor();
      for (const shown of [page, other]) {
        await shown.getByRole('listitem').getByText('<img src=x onerror="document.title=1">').waitFor();
        expect(await shown.title()).toBe('Tip jar');
      }
      expect(faults).toEqual([]);
      await page.close();
      await other.close();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    'a fault is told at its field, which has the focus',
    async () => {
      const { page } = await openPage(390, 'light');
      const amount = page.getByLabel('Amount in ETH');
      await amount.fill('lots');
      await page.getByRole('button', { name: 'Leave the tip' }).click();
      await page.getByText('Write the amount in ETH as a number, such as 0.05.').waitFor();
      expect(await amount.getAttribute('aria-invalid')).toBe('true');
      expect(await amount.evaluate((element) => element === document.activeElement)).toBe(true);
      await page.close();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    'a changed title is on the page within 200 ms, and what is being written stays',
    async () => {
      const { page } = await openPage(390, 'dark');
      await page.getByLabel('Message').fill('half a sen');
      await page.evaluate(() => {
        const title = document.querySelector('#title') as HTMLElement;
        new MutationObserver(() => (title.dataset['changedAt'] ??= String(Date.now()))).observe(title, {
          childList: true,
        });
      });
      // The stream is open once a tip of somebody else shows.
      await postTip(jar.url, { amount: '1', name: 'Somebody else' });
      await page.getByText('Somebody else').waitFor();
      const changedAt = Date.now();
      jar.set('title', 'Buy us a coffee & cake, and perhaps a very long dinner for everybody');
      await page.getByRole('heading', { name: 'Buy us a coffee & cake' }).waitFor();
      const shownAt = await until('the time', () => page.locator('#title').getAttribute('data-changed-at'));
      expect(Number(shownAt) - changedAt).toBeLessThan(200);
      expect(await page.title()).toMatch(/^Buy us a coffee & cake/);
      expect(await page.getByLabel('Message').inputValue()).toBe('half a sen');
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      await page.close();
    },
    BROWSER_TIMEOUT_MS,
  );
});
