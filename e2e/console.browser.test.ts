// The console in a real browser: signs in by the link, sees a graph grow, edits a value, kills a process and sees it heal.
import { hasRequirement, openTemporaryDirectory, until } from '@plumb/testing';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openConsole } from './src/console-browser.ts';
import { startPlumb, TIPJAR } from './src/plumb-process.ts';

if (hasRequirement('chromium', 'install it with "apt-get install chromium"')) {
  test('an operator signs in, watches, edits and heals', { timeout: 120_000 }, async () => {
    await using directory = await openTemporaryDirectory();
    await using plumb = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR });
    await using browser = await openConsole(plumb);
    const { page, faults } = browser;
    await page.getByRole('link', { name: 'tipjar' }).first().click();
    await page.getByRole('heading', { name: 'tipjar', level: 1 }).waitFor();

    await graphGainsPoints(page);
    await editTitle(page);
    const [application] = await plumb.services.deploy.status({});
    const web = application?.units.find(({ component }) => component === 'web');
    await until('the example shows it', async () =>
      (await (await fetch(web?.url ?? '')).text()).includes('Edited in the console'),
    );

    await killWeb(page);
    await until('the process was killed and healed', async () => {
      const unit = (await plumb.services.deploy.status({}))[0]?.units.find(({ component }) => component === 'web');
      return unit?.health.state === 'ready' && unit.pid !== web?.pid;
    });
    await page.getByRole('main').getByRole('link', { name: 'Journal' }).click();
    await page
      .getByText(/tipjar\/web was killed \(SIGKILL\); restarted/)
      .first()
      .waitFor();
    expect(faults).toEqual([]);
  });
}

/** The number of points that the first graph says it shows grows by itself. */
async function graphGainsPoints(page: Page): Promise<void> {
  const graph = page.getByRole('figure').first();
  await graph.scrollIntoViewIfNeeded();
  const count = async (): Promise<number> => Number(await graph.locator('[data-points]').getAttribute('data-points'));
  const before = await until('the graph has points', async () => (await count()) > 0 && count());
  await until('the graph gained points', async () => (await count()) > before, { timeoutMs: 30_000 });
}

async function editTitle(page: Page): Promise<void> {
  await page.getByRole('main').getByRole('link', { name: 'Configuration' }).click();
  await page.getByRole('button', { name: 'Edit title' }).click();
  const field = page.getByRole('textbox', { name: 'Value of title' });
  await field.fill('Edited in the console');
  await field.press('Enter');
  await page.getByText('Edited in the console').first().waitFor();
}

async function killWeb(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Actions for tipjar/web' }).click();
  await page.getByRole('menuitem', { name: /^Kill process/ }).click();
  await page.getByRole('button', { name: 'Kill process' }).click();
}
