// A bad value goes to one of several real processes first; what it does to their metrics takes it back, by itself.
import { openTemporaryDirectory, until } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type PlumbProcess, startPlumb } from './src/plumb-process.ts';

const APPLICATION = 'fleet';
const PROCESSES = ['a', 'b', 'c', 'd'] as const;
const GATE = { query: 'max(fleet_is_bad)', max: 0.5 };
const LIBRARY = fileURLToPath(new URL('../lib/config/src/index.ts', import.meta.url));
const at = { application: APPLICATION } as const;

/** Says what its `mode` is and has been, and its metrics go bad with it. */
const PROGRAM = `
import { createServer } from 'node:http';
import { openConfig } from ${JSON.stringify(LIBRARY)};
const config = await openConfig({ environment: process.env, defaults: { mode: 'none' } });
const modes = [config.get('mode')];
config.subscribe('mode', (mode) => modes.push(mode));
createServer((request, response) => {
  if (request.url === '/modes') return response.end(JSON.stringify(modes));
  const isBad = config.get('mode') === 'bad' ? 1 : 0;
  response.end('# TYPE fleet_is_bad gauge\\nfleet_is_bad ' + isBad + '\\n');
}).listen(process.env.PORT, process.env.HOST);
`;

async function writeApplication(directory: string): Promise<void> {
  const processes = PROCESSES.map((name) => `  ${name}: { command: node server.mjs, port: auto, metrics: /metrics }\n`);
  const manifest = `plumb: 1\nname: ${APPLICATION}\nprocesses:\n${processes.join('')}config: { mode: good }\n`;
  await fs.writeFile(path.join(directory, 'plumb.yaml'), manifest);
  await fs.writeFile(path.join(directory, 'server.mjs'), PROGRAM);
}

/** What each process has had, latest last. */
async function modesOf({ services }: PlumbProcess): Promise<string[][]> {
  const [application] = await services.deploy.status(at);
  const urls = application?.units.map(({ url }) => url ?? '') ?? [];
  return Promise.all(urls.map(async (url) => (await (await fetch(`${url}/modes`)).json()) as string[]));
}

async function untilConverged({ services }: PlumbProcess): Promise<void> {
  await until('every process is proven to have what it is to have', async () => {
    const { instances } = await services.config.convergence(at);
    return instances.length === PROCESSES.length && instances.every(({ isConverged }) => isConverged);
  });
}

test(
  'a bad value reaches one process of four, and its metrics take it back within ten seconds',
  { timeout: 120_000 },
  async () => {
    await using directory = await openTemporaryDirectory();
    await using application = await openTemporaryDirectory();
    await writeApplication(application.path);
    await using plumb = await startPlumb({ dataDirectory: directory.path });
    expect((await plumb.run('deploy', application.path)).code).toBe(0);
    const { config, metrics, events } = plumb.services;
    await untilConverged(plumb);
    const isBad = async (): Promise<boolean> => {
      const result = await metrics.query({ query: GATE.query });
      return result.kind === 'vector' && result.samples[0]?.point[1] === 1;
    };
    await until('the gate can be read', async () => {
      const result = await metrics.query({ query: GATE.query });
      return result.kind === 'vector' && result.samples.length === 1;
    });

    const changes = [{ key: 'mode', value: 'bad' }];
    const rollout = await config.startRollout({ ...at, changes, gate: GATE, holdMs: 600_000, comment: 'try it' });
    expect(rollout.instances).toHaveLength(1);
    // Either is seen first: the sign, or what follows from it.
    const state = async (): Promise<string | undefined> => (await config.rollouts(at))[0]?.state;
    await until('there is a sign', async () => (await isBad()) || (await state()) === 'reverted', {
      periodMs: 20,
      timeoutMs: 30_000,
    });
    const signAt = performance.now();
    await until('everybody has the old value', async () => {
      return (await state()) === 'reverted' && (await modesOf(plumb)).every((modes) => modes.at(-1) === 'good');
    });
    expect(performance.now() - signAt).toBeLessThan(10_000);
    const modes = await until('they answer', () => modesOf(plumb));
    expect(modes.filter((own) => own.includes('bad'))).toEqual([['good', 'bad', 'good']]);
    expect((await config.rollouts(at))[0]).toMatchObject({ state: 'reverted', reason: `${GATE.query}: 1 is over 0.5` });
    await untilConverged(plumb);
    const told = await until('the journal has it', async () => {
      const entries = await events.journal(at);
      return entries.map(({ text }) => text).find((text) => text.includes(rollout.id));
    });
    expect(told).toBe(
      `the rollout ${rollout.id} of mode was taken back from the one instance that had it: ${GATE.query}: 1 is over 0.5`,
    );
  },
);

test(
  'plumbd is killed in a rollout: each process has the old value or the new one, and it goes on',
  { timeout: 120_000 },
  async () => {
    await using directory = await openTemporaryDirectory();
    await using application = await openTemporaryDirectory();
    await writeApplication(application.path);
    const first = await startPlumb({ dataDirectory: directory.path });
    expect((await first.run('deploy', application.path)).code).toBe(0);
    await untilConverged(first);
    const changes = [{ key: 'mode', value: 'new' }];
    const { id } = await first.services.config.startRollout({
      ...at,
      changes,
      stages: [{ percent: 50 }, { percent: 100 }],
    });
    await until('half of them have it', async () => {
      return (await modesOf(first)).filter((modes) => modes.at(-1) === 'new').length === PROCESSES.length / 2;
    });
    await first.end('SIGKILL');

    await using second = await startPlumb({ dataDirectory: directory.path });
    const { config } = second.services;
    await untilConverged(second);
    expect((await config.rollouts(at))[0]).toMatchObject({ id, stage: 0 });
    // A process has its values before it listens.
    const modes = await until('they answer', () => modesOf(second));
    const count = modes.filter((own) => own.at(-1) === 'new').length;
    expect(count).toBeLessThanOrEqual(PROCESSES.length / 2);
    await config.widenRollout({ id });
    await config.widenRollout({ id });
    expect((await config.rollouts(at))[0]).toMatchObject({ id, state: 'done' });
    await until('all have it', async () => (await modesOf(second)).every((modes) => modes.at(-1) === 'new'));
    await untilConverged(second);
  },
);
