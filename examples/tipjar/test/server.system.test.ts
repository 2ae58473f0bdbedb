// The process as its README starts it, without Plumb.
import { until } from '@plumb/testing';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openAnvil } from './anvil.ts';
import { getJson, postTip, readLive } from './world.ts';

/** Two processes start, on a busy machine. */
const TEST_TIMEOUT_MS = 30_000;

let child: ChildProcess | undefined;

afterEach(async () => {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
});

function start(env: Readonly<Record<string, string>>): { output: () => string; exited: Promise<unknown[]> } {
  const file = fileURLToPath(new URL('../src/server.ts', import.meta.url));
  const started = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child = started;
  let output = '';
  for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  return { output: () => output, exited: once(started, 'exit') };
}

test(
  'it takes tips with its defaults, and ends in peace with a page open',
  async () => {
    await using anvil = await openAnvil();
    const { output, exited } = start({ ETH_RPC_URL: anvil.url, PORT: '0' });
    const url = await until('it listens', () => /"url":"([^"]+)"/.exec(output())?.[1], { timeoutMs: TEST_TIMEOUT_MS });
    await until('it is ready', async () => (await getJson(`${url}/ready`)).status === 200);
    expect(await postTip(url, { amount: '0.0001' })).toMatchObject({ status: 400 });
    expect(await postTip(url, { amount: '0.05', name: 'Ada' })).toMatchObject({ status: 201 });
    expect((await getJson(`${url}/api/tips`)).body).toMatchObject({ title: 'Tip jar', minTip: '0.001', count: 1 });

    const live = readLive(url);
    await live.next();
    const endedAt = performance.now();
    child?.kill('SIGTERM');
    expect((await live.next()).done).toBe(true);
    expect(await exited).toEqual([0, null]);
    expect(performance.now() - endedAt).toBeLessThan(5_000);
    expect(output()).toContain('"event":"server.close","signal":"SIGTERM"');
  },
  TEST_TIMEOUT_MS,
);

test(
  'a port that is taken is said in one line',
  async () => {
    await using anvil = await openAnvil();
    const { output, exited } = start({ ETH_RPC_URL: anvil.url, PORT: new URL(anvil.url).port });
    expect(await exited).toEqual([1, null]);
    expect(output()).toMatch(/tipjar failed: .*EADDRINUSE.*\n$/);
  },
  TEST_TIMEOUT_MS,
);
