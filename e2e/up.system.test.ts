// What a person meets first: starting, being told clearly what is wrong, and stopping without a trace.
import { openTemporaryDirectory, until } from '@plumb/testing';
import fs from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CLI, ownedProcesses, runPlumb, startPlumb, TIPJAR } from './src/plumb-process.ts';

test('plumb up deploys the example, and Ctrl-C stops all of it within five seconds', async () => {
  await using directory = await openTemporaryDirectory();
  await using plumb = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR });
  expect(plumb.output()).toMatch(/console +http:\/\/localhost:\d+\/sign-in\?code=/);
  expect(plumb.output()).toMatch(/tipjar +http:\/\/127\.0\.0\.1:\d+/);
  const [application] = await plumb.services.deploy.status({});
  expect(application?.units.map(({ unit, health }) => [unit, health.state])).toEqual([
    ['tipjar/eth', 'ready'],
    ['tipjar/web', 'ready'],
  ]);
  expect((await ownedProcesses(directory.path)).length).toBeGreaterThanOrEqual(2);

  const { code, tookMs } = await plumb.end('SIGINT');
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(5_000);
  expect(await ownedProcesses(directory.path)).toEqual([]);
  expect(await fs.readdir(directory.path)).not.toContain('plumbd.json');
});

test('a second plumb up on the same data directory is refused with the pid of the first', async () => {
  await using directory = await openTemporaryDirectory();
  await using plumb = await startPlumb({ dataDirectory: directory.path });
  const second = await plumb.run('up', '--http', '0', '--rpc', '0');
  expect(second.code).toBe(1);
  expect(second.err).toContain(`process ${plumb.pid}`);
  // The first is none the worse.
  expect((await plumb.run('status')).code).toBe(0);
});

test('a taken port is named, with the flag that chooses another, and nothing is left behind', async () => {
  await using directory = await openTemporaryDirectory();
  const squatter = net.createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  const { port } = squatter.address() as net.AddressInfo;
  try {
    const check = async (flag: string, other: string): Promise<void> => {
      const { code, err } = await runPlumb([
        'up',
        '--data',
        directory.path,
        `--${flag}`,
        String(port),
        `--${other}`,
        '0',
      ]);
      expect(code).toBe(1);
      expect(err).toContain(String(port));
      expect(err).toContain(`--${flag} PORT`);
      expect(await fs.readdir(directory.path)).not.toContain('plumbd.json');
    };
    await check('http', 'rpc');
    await check('rpc', 'http');
  } finally {
    squatter.close();
  }
});

test('a data directory that cannot be made is named, with what to do', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'file');
  await fs.writeFile(file, '');
  const { code, err } = await runPlumb(['up', '--data', path.join(file, 'data')]);
  expect(code).toBe(1);
  expect(err).toContain('cannot write the data directory');
  expect(err).toContain('--data');
});

test('wrong words exit with 2 and name the nearest right one', async () => {
  const check = async (words: string[], message: string): Promise<void> => {
    const { code, err } = await runPlumb(words);
    expect(err).toContain(message);
    expect(code).toBe(2);
  };
  await check(['stauts'], 'did you mean "status"?');
  await check(['up', '--htpp', '80'], 'did you mean --http?');
  await check(['up', '--http', 'eighty'], '--http takes a port');
  await check(['config', 'put'], 'use one of get, set');
  await check(['config', 'set', 'title', 'x'], 'APPLICATION.KEY');
});

test('commands without a plumbd say how to start one', async () => {
  await using directory = await openTemporaryDirectory();
  const { code, err } = await runPlumb(['status', '--data', directory.path]);
  expect(code).toBe(1);
  expect(err).toContain('plumb up');
});

test('a manifest with faults is refused with all of them placed, and nothing is written', async () => {
  await using directory = await openTemporaryDirectory();
  await using application = await openTemporaryDirectory();
  await fs.writeFile(
    path.join(application.path, 'plumb.yaml'),
    'plumb: 1\nname: Shop\nproceses:\n  web: { command: node server.js }\n',
  );
  await using plumb = await startPlumb({ dataDirectory: directory.path });
  const { code, err } = await plumb.run('deploy', application.path);
  expect(code).toBe(1);
  expect(err).toContain('plumb.yaml:3:1');
  expect(err).toContain('did you mean "processes"?');
  expect(err).toContain('plumb.yaml:2:7');
  expect(await plumb.services.deploy.status({})).toEqual([]);
  expect(await plumb.services.registry.applications({})).toEqual([]);
});

test('a chain whose program is missing is refused with how to install it, and nothing is written', async () => {
  await using directory = await openTemporaryDirectory();
  await using application = await openTemporaryDirectory();
  await fs.writeFile(
    path.join(application.path, 'plumb.yaml'),
    'plumb: 1\nname: shop\nprocesses:\n  web: { command: node server.js }\nchains:\n  eth: { kind: ethereum, network: dev }\nconfig: { title: Shop }\n',
  );
  const env = {
    NODE_OPTIONS: `--import ${new URL('src/without-anvil.ts', import.meta.url).href}`,
    // As npm gives it to what it runs: its wrapper of anvil is there, and could only crash.
    PATH: [path.join(path.dirname(CLI), '../../../node_modules/.bin'), path.dirname(process.execPath)].join(':'),
  };
  await using plumb = await startPlumb({ dataDirectory: directory.path, env });
  for (const command of ['plan', 'deploy']) {
    const { code, out, err } = await plumb.run(command, application.path);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain(
      `anvil is not installed: install it with "npm install @foundry-rs/anvil" in ${application.path}`,
    );
  }
  expect(await plumb.services.deploy.status({})).toEqual([]);
  expect(await plumb.services.registry.applications({})).toEqual([]);
  expect(await plumb.services.config.list({ application: 'shop' })).toEqual([]);
  expect(await fs.readdir(path.join(directory.path, 'chains'))).toEqual([]);
});

test('a service that crashes at once fails its deploy with its last words, and Plumb stays up', async () => {
  await using directory = await openTemporaryDirectory();
  await using application = await openTemporaryDirectory();
  await fs.writeFile(
    path.join(application.path, 'plumb.yaml'),
    'plumb: 1\nname: broken\nprocesses:\n  web:\n    command: node server.js\n    port: auto\n',
  );
  await fs.writeFile(path.join(application.path, 'server.js'), 'throw new Error("the flux capacitor is missing");');
  await using plumb = await startPlumb({ dataDirectory: directory.path });
  const { code, err } = await plumb.run('deploy', application.path);
  expect(code).toBe(1);
  expect(err).toContain('broken/web');
  expect(err).toContain('the flux capacitor is missing');
  const status = (await plumb.run('status', 'broken')).out;
  expect(status).toMatch(
    /web +✖ crashed .*\n +it ended 5 times .*exited with code 1: "Error: the flux capacitor is missing"\n/,
  );
  await until('the crash loop has an incident', async () => (await plumb.services.events.incidents({})).length === 1);
  expect((await plumb.run('doctor')).code).toBe(1);
});
