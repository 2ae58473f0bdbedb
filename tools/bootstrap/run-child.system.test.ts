import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { runChild } from './run-child.mjs';

/** Prints its pid, counts the signals that it gets, and ends with code 7 on the second SIGTERM or when told `end`. */
const COUNTING = `
  const counts = {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {
    counts[signal] = (counts[signal] ?? 0) + 1;
    console.log(JSON.stringify(counts));
    if (signal === 'SIGTERM') setTimeout(() => process.exit(7), 200);
  });
  console.log('ready');
  setInterval(() => {}, 1000);
`;
const WRAPPER = `
  import { runChild } from '${new URL('run-child.mjs', import.meta.url).href}';
  process.exitCode = await runChild(process.execPath, ['-e', process.env.PROGRAM]);
  console.log('wrapper ends');
`;

function startWrapped(program: string): { wrapper: ChildProcess; output: () => string } {
  const wrapper = spawn(process.execPath, ['--input-type=module', '-e', WRAPPER], {
    env: { ...process.env, PROGRAM: program },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  wrapper.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { wrapper, output: () => text };
}

test('a program gets a wish to stop once, however often it is repeated at once, and is waited for', async () => {
  const { wrapper, output } = startWrapped(COUNTING);
  await until('the program runs', () => output().includes('ready'));
  wrapper.kill('SIGINT');
  await until('SIGINT arrives', () => output().includes('{"SIGINT":1}'));
  wrapper.kill('SIGINT');
  wrapper.kill('SIGTERM');
  const [code] = (await once(wrapper, 'close')) as [number];
  expect(code).toBe(7);
  expect(output()).not.toContain('"SIGINT":2');
  expect(output().trimEnd().endsWith('wrapper ends')).toBe(true);
});

test('the exit code is that of the program, or tells the signal as shells do', async () => {
  const run = (program: string): Promise<number> => runChild(process.execPath, ['-e', program]);
  expect(await run('process.exitCode = 3')).toBe(3);
  expect(await run('process.exitCode = 0')).toBe(0);
  expect(await run("process.kill(process.pid, 'SIGKILL')")).toBe(137);
  await expect(runChild('no-such-program-here', [])).rejects.toThrow('ENOENT');
});

test('output can be kept, and the program be ended by a signal', async () => {
  const stop = new AbortController();
  let text = '';
  const running = runChild(process.execPath, ['-e', "console.log('up'); setInterval(() => {}, 1000)"], {
    signal: stop.signal,
    onOutput: (chunk) => (text += chunk.toString()),
  });
  await until('it runs', () => text === 'up\n');
  stop.abort();
  expect(await running).toBe(143);
});
