// Configuration in a real browser: searched, refused, edited, gone back to, approved, and a secret that leaves it sealed.
import { openTemporaryDirectory, hasRequirement, until } from '@plumb/testing';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openConsole } from './src/console-browser.ts';
import { type PlumbProcess, startPlumb, TIPJAR } from './src/plumb-process.ts';

const application = 'tipjar';

if (hasRequirement('chromium', 'install it with "apt-get install chromium"')) {
  test('a value is found, explained, refused, changed, gone back to and approved', { timeout: 120_000 }, async () => {
    await using directory = await openTemporaryDirectory();
    await using plumb = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR });
    const { config } = plumb.services;
    await config.setSchema({ application, schema: { properties: { 'min-tip': { type: 'number', maximum: 1 } } } });
    await using browser = await openConsole(plumb);
    const { page, faults } = browser;
    await page.getByRole('link', { name: 'Config', exact: true }).click();
    await page.getByRole('main').getByRole('link', { name: application }).click();

    await findByKeys(page);
    await changeMinTip(page, plumb);
    await goBack(page, plumb);
    await sealSecret(page, plumb);
    await approve(page, plumb);
    expect(faults).toEqual([]);
  });
}

/** With the keyboard alone: `/`, a word, into the list, down, Enter. */
async function findByKeys(page: Page): Promise<void> {
  await page.getByRole('option', { name: /title/ }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('tip');
  await until('the rest is gone', async () => (await page.getByRole('option').count()) === 2);
  await page.getByRole('listbox', { name: 'Keys' }).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'min-tip' }).waitFor();
  expect(page.url()).toContain('key=min-tip');
}

async function changeMinTip(page: Page, { services: { config } }: PlumbProcess): Promise<void> {
  await page.getByRole('button', { name: 'Edit min-tip' }).click();
  const field = page.getByRole('textbox', { name: 'Value of min-tip' });
  await field.fill('7');
  // Before anything is sent to be stored: the schema speaks while one writes.
  await page.getByRole('alert').filter({ hasText: '1' }).waitFor();
  expect(await config.get({ application, key: 'min-tip' })).toMatchObject({ layer: 'manifest' });
  await field.fill('0.5');
  await page.getByRole('textbox', { name: 'Why' }).fill('fees rose');
  await page.getByRole('combobox', { name: 'For' }).selectOption({ label: 'everywhere' });
  await page.getByRole('button', { name: 'Save' }).click();
  await until('it is stored', async () => (await config.get({ application, key: 'min-tip' }))?.value === 0.5);
  await page.getByText('fees rose').first().waitFor();
}

async function goBack(page: Page, { services: { config } }: PlumbProcess): Promise<void> {
  await config.set({ application, key: 'title', value: 'Wrong', comment: 'a slip' });
  await page.getByRole('link', { name: 'Changes' }).click();
  await page.getByText('a slip').waitFor();
  const [, before] = await config.changeSets({ application });
  await page.getByRole('button', { name: `Roll back to revision ${before?.revision ?? 0}` }).click();
  await page.getByRole('button', { name: 'Roll back 1 value' }).click();
  await until('it is as it was', async () => (await config.get({ application, key: 'title' }))?.value === 'Tip jar');
}

/** What the store has of it opens only with a key that the browser never had. */
async function sealSecret(page: Page, plumb: PlumbProcess): Promise<void> {
  const { config } = plumb.services;
  await page.getByRole('link', { name: 'Values' }).click();
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByRole('textbox', { name: 'Key', exact: true }).fill('mail.password');
  await page.getByRole('combobox', { name: 'Type' }).selectOption({ label: 'Secret' });
  await page.getByLabel('Value of mail.password').fill('hunter2-hunter2');
  await page.getByRole('button', { name: 'Save' }).click();
  await until('a secret is stored', async () => {
    const entry = await config.get({ application, key: 'mail.password' });
    return entry !== undefined && typeof entry.value === 'object';
  });
  expect(JSON.stringify(await config.list({ application }))).not.toContain('hunter2');
  expect(await page.locator('body').innerText()).not.toContain('hunter2');
  const [readable] = await config.whoCanRead({ application, key: 'mail.password' });
  expect(readable?.owners).toEqual([`application:${application}`]);
}

async function approve(page: Page, plumb: PlumbProcess): Promise<void> {
  const { config } = plumb.services;
  await config.protect({ application, environment: 'test', isProtected: true });
  const created = await plumb.run('token', 'create', 'bob', 'config:*');
  expect(created.code).toBe(0);
  await proposeAs(plumb, created.out.trim());
  await page.getByRole('link', { name: 'Changes' }).click();
  await page.getByRole('button', { name: 'Approve' }).click();
  await until('the value is in force', async () => {
    const entry = await config.get({ application, key: 'title', environment: 'test' });
    return entry?.value === 'Proposed';
  });
}

/** By the door for programs, with another's token. */
async function proposeAs({ doors }: PlumbProcess, token: string): Promise<void> {
  const response = await fetch(`${doors.http}/api/config.set`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ application, key: 'title', value: 'Proposed', layer: 'env:test' }),
  });
  expect(await response.json()).toMatchObject({ kind: 'proposed' });
}
