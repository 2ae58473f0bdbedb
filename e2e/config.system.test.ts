// A value changes: the running example has it at once, without a restart.
import { openTemporaryDirectory, until } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startPlumb, TIPJAR } from './src/plumb-process.ts';

test('a changed title reaches the running example in under 200 ms, and the proof of it the store', async () => {
  await using directory = await openTemporaryDirectory();
  await using plumb = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR });
  const [application] = await plumb.services.deploy.status({});
  const web = application?.units.find(({ component }) => component === 'web');
  const page = async (): Promise<string> => (await fetch(web?.url ?? '')).text();
  expect(await page()).not.toContain('Coffee fund');

  // The best of a few: one round measures the machine's load as much as the path.
  const delays: number[] = [];
  for (const title of ['Coffee fund', 'Tea fund', 'Water fund']) {
    const startedAt = performance.now();
    await plumb.services.config.set({ application: 'tipjar', key: 'title', value: title });
    await until('the page shows it', async () => (await page()).includes(title), { periodMs: 1 });
    delays.push(performance.now() - startedAt);
  }
  expect(Math.min(...delays)).toBeLessThan(200);
  expect((await plumb.services.deploy.status({}))[0]?.units.find(({ component }) => component === 'web')?.pid).toBe(
    web?.pid,
  );

  await until('every instance runs the last revision', async () => {
    const { revision, instances } = await plumb.services.config.convergence({ application: 'tipjar' });
    return instances.length === 1 && instances[0]?.revision === revision;
  });

  const history = JSON.parse((await plumb.run('config', 'history', 'tipjar.title', '--json')).out) as {
    value: string;
    layer: string;
  }[];
  expect(history.map(({ value, layer }) => `${layer}: ${value}`).slice(0, 3)).toEqual([
    'common: Water fund',
    'common: Tea fund',
    'common: Coffee fund',
  ]);
  expect((await plumb.run('config', 'unset', 'tipjar.title')).out).toContain('as plumb.yaml says');
  await until('the manifest is in force again', async () => !(await page()).includes('fund'));
});

test('a deploy that changes the configuration of the manifest alone restarts nothing, and the process has the new values', async () => {
  await using directory = await openTemporaryDirectory();
  await using application = await openTemporaryDirectory();
  const write = (greeting: string): Promise<void> =>
    fs.writeFile(
      path.join(application.path, 'plumb.yaml'),
      `plumb: 1\nname: hello\nprocesses:\n  web: { command: node server.js, port: auto }\nconfig: { greeting: ${greeting} }\n`,
    );
  await write('hello');
  await fs.writeFile(
    path.join(application.path, 'server.js'),
    'require("node:http").createServer((_, response) => response.end("ok")).listen(process.env.PORT, process.env.HOST);',
  );
  await using plumb = await startPlumb({ dataDirectory: directory.path });
  const deploy = async (): Promise<number | undefined> => {
    expect((await plumb.run('deploy', application.path)).code).toBe(0);
    return (await plumb.services.deploy.status({}))[0]?.units[0]?.pid;
  };
  const pid = await deploy();
  await write('goodbye');
  expect(await deploy()).toBe(pid);
  expect(await plumb.services.config.get({ application: 'hello', key: 'greeting' })).toMatchObject({
    value: 'goodbye',
  });
});
