// Every command against a real plumbd, as text for people and as JSON for programs.
import { openTemporaryDirectory, until } from '@plumb/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PlumbProcess, runPlumb, startPlumb, TIPJAR } from './src/plumb-process.ts';

let directory: Awaited<ReturnType<typeof openTemporaryDirectory>>;
let plumb: PlumbProcess;

beforeAll(async () => {
  directory = await openTemporaryDirectory();
  plumb = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR });
}, 90_000);

afterAll(async () => {
  await plumb[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

async function text(...words: string[]): Promise<string> {
  const { code, out, err } = await plumb.run(...words);
  expect(`${code} ${err}`).toMatch(/^0 /);
  return out;
}

async function json<T>(...words: string[]): Promise<T> {
  return JSON.parse(await text(...words, '--json')) as T;
}

test('status shows each unit with its state, and the same as data', async () => {
  const table = await text('status');
  expect(table).toMatch(/^tipjar test, release \w+, deployed/);
  expect(table).toMatch(/eth +● ready .* height \d+/);
  expect(table).toMatch(/web +● ready .* http:\/\/127\.0\.0\.1:\d+/);
  expect(await json<unknown[]>('status', 'tipjar')).toMatchObject([
    { name: 'tipjar', units: [{ component: 'eth' }, { component: 'web' }] },
  ]);
  expect((await plumb.run('status', 'nothing')).code).toBe(1);
});

test('plan prints what a deploy would do, and does nothing', async () => {
  const plan = await json<{ steps: { kind: string; unit?: string }[] }>('plan', TIPJAR, '-e', 'test');
  expect(plan.steps.filter(({ unit }) => unit !== undefined)).toEqual([
    { kind: 'keep', unit: 'tipjar/eth' },
    { kind: 'keep', unit: 'tipjar/web' },
  ]);
  expect(await text('plan', TIPJAR, '-e', 'test')).toContain('nothing has to be started or stopped');
});

test('deploying the same again keeps what runs', async () => {
  const before = (await plumb.services.deploy.status({}))[0]?.units.map(({ pid }) => pid);
  await text('deploy', TIPJAR, '-e', 'test');
  expect((await plumb.services.deploy.status({}))[0]?.units.map(({ pid }) => pid)).toEqual(before);
});

test('services and resolve find the example', async () => {
  expect(await text('services')).toMatch(/tipjar-web +http +1 of 1 +tipjar-eth +tipjar/);
  const address = (await text('resolve', 'tipjar-web')).trim();
  expect((await fetch(`http://${address}/ready`)).status).toBe(200);
  expect((await plumb.run('resolve', 'tipjar-wbe')).err).toContain('tipjar-web');
});

test('logs follow until they are interrupted', async () => {
  expect(await text('logs', 'tipjar/web', '--tail', '20')).toContain('web');
  const line = JSON.parse((await text('logs', 'tipjar', '--json', '--tail', '1')).trim()) as { unit: string };
  expect(line.unit).toMatch(/^tipjar\//);
});

test('query asks the metrics, and points at a fault', async () => {
  await until('the example was scraped', async () =>
    (await plumb.run('query', 'up{job="tipjar-web"}')).out.trim().endsWith('1'),
  );
  expect(await json<{ kind: string }>('query', 'chain_height')).toMatchObject({ kind: 'vector' });
  expect(await text('query', 'chain_height', '--since', '1m')).toMatch(/[▁▂▃▄▅▆▇█]/);
  const { code, err } = await plumb.run('query', 'sum(rate(up[1m])');
  expect(code).toBe(1);
  expect(err).toMatch(/\n +\^/);
});

test('config is set, listed and refused over a stale revision', async () => {
  expect(await text('config', 'set', 'tipjar.note', 'hello', '--comment', 'a try')).toMatch(
    /tipjar\.note is now at revision \d+/,
  );
  expect(await text('config', 'get', 'tipjar.note')).toBe('hello\n');
  expect(await text('config', 'list', 'tipjar')).toMatch(/tipjar\.note +hello +common/);
  expect(await text('config', 'history', 'tipjar.note')).toContain('a try');
  const stale = await plumb.run('config', 'set', 'tipjar.note', 'again', '--if-revision', '1');
  expect(stale.code).toBe(1);
  expect(stale.err).toMatch(/it is at revision \d+ since operator changed it/);
  expect((await plumb.run('config', 'get', 'tipjar.absent')).code).toBe(1);
});

test('call reaches any method, and says which one was meant', async () => {
  expect(JSON.parse(await text('call', 'identity.whoami'))).toMatchObject({ id: 'operator' });
  expect((await plumb.run('call', 'identity.whoam')).err).toContain('identity.whoami');
  expect((await plumb.run('call', 'identity.whoami', '{')).code).toBe(2);
  expect((await plumb.run('call', 'registry.resolve', '{"service":7}')).err).toContain('service');
});

test('call shows what can be called, and reaches other doors too', async () => {
  expect(await text('call')).toMatch(/^config +.*\bconvergence, diff, explain\b/m);
  expect(await text('call', 'config', '--describe')).toMatch(/^config\.get\(\{\n {2}application: string;\n/m);
  expect(await text('call', 'config.set', '--describe')).toContain('Needs\n  config:write');
  expect((await plumb.run('call', 'confg', '--describe')).err).toContain('did you mean "config"?');
  const { methods } = await json<{ methods: { method: string; kind: string }[] }>('call', 'config.watch', '--describe');
  expect(methods).toMatchObject([{ method: 'config.watch', kind: 'stream' }]);
  const refused = await plumb.run('call', 'identity.whoami', '--at', plumb.doors.rpc.at(-1) ?? '');
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('with --server-key') });
});

test('the calls of plumbd are counted, and drawn on its board', async () => {
  await text('call', 'identity.whoami');
  await until('the counters were scraped', async () =>
    (await plumb.run('query', 'plumb_rpc_calls_total{method="identity.whoami",code="ok"}')).out.includes('whoami'),
  );
  const { groups } = await plumb.services.metrics.board({ job: 'plumbd' });
  const traffic = groups.find(({ title }) => title === 'Traffic')?.panels.map(({ id }) => id);
  expect(traffic).toEqual(
    expect.arrayContaining(['plumb_rpc_calls_total', 'plumb_rpc_call_duration_seconds:quantiles']),
  );
});

test('alerts, journal, token and doctor answer', async () => {
  expect(await text('alerts')).toContain('all is well');
  expect(await text('journal')).toContain('deployed tipjar');
  expect((await json<{ kind: string }[]>('journal', 'tipjar')).length).toBeGreaterThan(0);
  expect(await text('token', 'link')).toMatch(/^http:\/\/localhost:\d+\/sign-in\?code=/);
  expect(await text('token', 'create', 'grafana', 'metrics:read')).toMatch(/^grafana\.\w+\n$/);
  expect(await text('token', 'list')).toMatch(/grafana +metrics:read/);
  await text('token', 'revoke', 'grafana');
  expect(await text('doctor')).toContain('✓ units: 2 of 2');
});

test('help shows every command with an example', async () => {
  const { out } = await runPlumb(['--help']);
  for (const name of ['up', 'plan', 'deploy', 'status', 'logs', 'config set', 'resolve', 'query', 'doctor'])
    expect(out).toContain(name);
  const help = await runPlumb(['config', 'set', '--help']);
  expect(help.code).toBe(0);
  expect(help.out).toContain('plumb config set tipjar.title');
});
