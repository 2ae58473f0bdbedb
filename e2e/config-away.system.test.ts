// plumbd is killed: its applications keep their values, and one that is started meanwhile has those of its encrypted copy.
import { openTemporaryDirectory, type TemporaryDirectory, until } from '@plumb/testing';
import { generateIdentity, recipientOf, sealValue } from '@plumb/vault';
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type PlumbProcess, startPlumb } from './src/plumb-process.ts';

const CONFIG = import.meta.resolve('@plumb/config');
const SECRET = 'correct horse battery staple';

const MANIFEST = `plumb: 1
name: shop
processes:
  web: { command: node web.mjs, port: auto, readinessProbe: { httpGet: /, periodSeconds: 0.1 } }
config: { title: Shop, mail: { host: localhost } }
environments: { live: {} }
`;

/** Answers what it has of its configuration, and what it was told about it. */
const WEB = `
import http from 'node:http';
import { openConfig } from '${CONFIG}';

const lines = [];
const write = (event, fields) => void lines.push(JSON.stringify({ event, ...fields }));
const log = { debug() {}, info: write, warn: write, error: write, with: () => log };
const config = await openConfig({ environment: process.env, log });
const answer = async () => ({
  values: config.get(),
  password: await config.secret('mail.password').reveal().catch(({ message }) => message),
  status: config.status(),
  lines,
});
http.createServer(async (_, response) => response.end(JSON.stringify(config.exists('mail.password') ? await answer() : {})))
  .listen(Number(process.env.PORT), process.env.HOST, function () { console.log('port ' + this.address().port); });
`;

type Page = {
  readonly values: { readonly title: string; readonly mail: { readonly host: string; readonly password: string } };
  readonly password: string;
  readonly status: {
    readonly copy?: { readonly ageMs: number };
    readonly sources: readonly { readonly state: string }[];
  };
  readonly lines: readonly string[];
};

async function deployShop(plumb: PlumbProcess, directory: TemporaryDirectory): Promise<void> {
  await fs.writeFile(path.join(directory.path, 'plumb.yaml'), MANIFEST);
  await fs.writeFile(path.join(directory.path, 'web.mjs'), WEB);
  expect(await plumb.run('deploy', directory.path, '--environment', 'live')).toMatchObject({ code: 0 });
}

/** Set as a person does: encrypted before it leaves, for those whom the store names. */
async function setPassword({ services: { config } }: PlumbProcess): Promise<void> {
  const place = { application: 'shop', key: 'mail.password' };
  const recipients = await config.recipientsFor({ application: 'shop', layer: 'env:live' });
  const value = await sealValue({ ...place, value: SECRET, recipients: recipients.map(({ recipient }) => recipient) });
  expect(await config.set({ ...place, layer: 'env:live', value: { ...value, to: [...value.to] } })).toMatchObject({
    kind: 'stored',
  });
}

async function readPage(url: string): Promise<Page> {
  return (await (await fetch(url)).json()) as Page;
}

async function urlOfWeb({ services }: PlumbProcess): Promise<{ readonly url: string; readonly pid: number }> {
  return until('the web is ready', async () => {
    const unit = (await services.deploy.status({}))[0]?.units[0];
    if (unit?.health.state !== 'ready' || unit.url === undefined || unit.pid === undefined) return undefined;
    return { url: unit.url, pid: unit.pid };
  });
}

/** Another copy of a process, with its environment, on any free port. */
async function startAgain(
  pid: number,
  directory: string,
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const environ = await fs.readFile(`/proc/${pid}/environ`, 'utf8');
  const pairs = environ
    .split('\0')
    .filter(Boolean)
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  const env = { ...(Object.fromEntries(pairs) as Record<string, string>), PORT: '0' };
  const child = spawn(process.execPath, ['web.mjs'], { cwd: directory, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const port = await until('it listens', () => /port (\d+)/.exec(output)?.[1]);
  return { child, url: `http://127.0.0.1:${port}` };
}

test('while plumbd is away applications keep their values, and one that starts has those of its copy', async () => {
  await using data = await openTemporaryDirectory();
  await using directory = await openTemporaryDirectory();
  const first = await startPlumb({ dataDirectory: data.path });
  await deployShop(first, directory);
  const { url, pid } = await urlOfWeb(first);
  await setPassword(first);
  await first.services.config.set({ application: 'shop', key: 'title', value: 'Sale' });
  const before = await until('it has all of it', async () => {
    const page = await readPage(url);
    return page.values?.title === 'Sale' && page.password === SECRET && page;
  });
  expect(before.values).toEqual({ title: 'Sale', mail: { host: 'localhost', password: '[secret]' } });
  const copy = path.join(data.path, 'config-copies', 'shop', 'web', 'live.copy');
  const { revision } = await first.services.config.snapshot({ application: 'shop' });
  await until('the instance is proved to run it', async () => {
    const { instances } = await first.services.config.convergence({ application: 'shop' });
    return instances.length === 1 && instances.every(({ isConverged }) => isConverged);
  });
  await until('the copy is there', () => fs.stat(copy));
  // What was changed within the last second is kept a second later.
  await until('the copy rests', async () => Date.now() - (await fs.stat(copy)).mtimeMs > 1_500);
  for (const file of [copy, path.join(data.path, 'kv')]) await expectNoSecret(file);

  await first.end('SIGKILL');
  const away = await readPage(url);
  expect(away).toMatchObject({ values: before.values, password: SECRET });
  const again = await startAgain(pid, directory.path);
  try {
    const page = await readPage(again.url);
    expect(page).toMatchObject({ values: before.values, password: SECRET, status: { revision } });
    expect(page.status.copy?.ageMs).toBeGreaterThan(1_000);
    expect(page.status.sources).toMatchObject([{ source: 'store', state: 'stale' }]);
    expect(page.lines.filter((line) => line.includes(`the local copy ${copy}`))).toHaveLength(1);
  } finally {
    again.child.kill('SIGKILL');
  }

  await using second = await startPlumb({ dataDirectory: data.path });
  const { url: nextUrl } = await urlOfWeb(second);
  await second.services.config.set({ application: 'shop', key: 'title', value: 'Back' });
  const after = await until('it follows again', async () => {
    const page = await readPage(nextUrl);
    return page.values.title === 'Back' && page;
  });
  expect(after).toMatchObject({ password: SECRET, status: { sources: [{ source: 'store', state: 'ok' }] } });
  expect(after.status.copy).toBeUndefined();
  const { code } = await second.end('SIGTERM');
  expect(code).toBe(0);
});

test('a briefing is of the place that asks, with the secrets that are for who asks', async () => {
  await using data = await openTemporaryDirectory();
  await using directory = await openTemporaryDirectory();
  await using plumb = await startPlumb({ dataDirectory: data.path });
  const { config, registry } = plumb.services;
  await deployShop(plumb, directory);
  await setPassword(plumb);
  const brief = async (environment: string): Promise<Readonly<Record<string, unknown>> | undefined> =>
    (await registry.briefing({ application: 'shop', coordinates: { environment } })).config?.values;
  expect(await brief('live')).toMatchObject({ title: 'Shop', 'mail.password': { $sealed: '', to: [] } });
  expect(await brief('test')).not.toHaveProperty(['mail.password']);

  const { author: owner } =
    (await config.get({ application: 'shop', environment: 'live', key: 'mail.password' })) ?? {};
  const recipient = await recipientOf(await generateIdentity());
  await config.addRecipient({ recipient, owner: owner ?? '', application: 'shop', environment: 'live' });
  expect(await brief('live')).toMatchObject({ 'mail.password': { $sealed: '' } });
  await setPassword(plumb);
  const { 'mail.password': sealed } = (await brief('live')) ?? {};
  expect(sealed).toMatchObject({ $sealed: expect.stringMatching(/^YWdl/), to: expect.arrayContaining([recipient]) });
});

/** Nothing that is kept tells the secret. */
async function expectNoSecret(place: string): Promise<void> {
  const isDirectory = (await fs.stat(place)).isDirectory();
  const files = isDirectory ? (await fs.readdir(place)).map((name) => path.join(place, name)) : [place];
  for (const file of files) expect((await fs.readFile(file)).includes(SECRET), file).toBe(false);
}
