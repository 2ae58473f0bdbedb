// Goal: a peer that is killed or frozen is noticed, and its successor is found. Method: a process of its own as the peer.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { afterEach, expect, test } from 'vitest';
import { openSocket } from '../src/index.ts';

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await exited;
  }
});

async function startEcho(address: string): Promise<{ child: ChildProcess; address: string }> {
  const child = fork(new URL('echo-router.ts', import.meta.url), [address]);
  children.push(child);
  const [bound] = (await once(child, 'message')) as [string];
  return { child, address: bound };
}

const OPTIONS = {
  reconnect: { delayMsMin: 10, delayMsMax: 50 },
  lingerMs: 0,
  heartbeatIntervalMs: 50,
  heartbeatTimeoutMs: 1_000,
};

test('after kill -9 the connection is made again to the successor, and what waited is sent to it', async () => {
  const first = await startEcho('tcp://127.0.0.1:0');
  const lost: string[] = [];
  await using dealer = openSocket('DEALER', {
    ...OPTIONS,
    heartbeatIntervalMs: 0,
    events: { disconnected: ({ address }) => lost.push(address) },
  });
  dealer.connect(first.address);
  await dealer.send([Buffer.from('1')]);
  expect(String((await dealer.receive()).parts[0])).toBe('1');
  first.child.kill('SIGKILL');
  await until('the loss to be seen', () => lost.length > 0);
  expect(lost).toEqual([first.address]);
  await dealer.send([Buffer.from('2')]);
  await startEcho(first.address);
  expect(String((await dealer.receive()).parts[0])).toBe('2');
});

test('a program with nothing else to do stays until its peer is there, and ends when it closes', async () => {
  await using reserved = openSocket('ROUTER', { lingerMs: 0 });
  const address = await reserved.bind('tcp://127.0.0.1:0');
  reserved.unbind(address);
  const file = fileURLToPath(new URL('waiting-dealer.ts', import.meta.url));
  const child = spawn(process.execPath, [file, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const exited = once(child, 'exit');
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  await until('two tries to fail', () => lines.length > 1 || child.exitCode !== null);
  expect(child.exitCode).toBe(null);
  await startEcho(address);
  expect(await exited).toEqual([0, null]);
  expect([lines[0], lines.at(-1)]).toEqual(['unavailable', 'hello']);
});

test('a frozen process is given up by its silence', async () => {
  const { child, address } = await startEcho('tcp://127.0.0.1:0');
  const reasons: string[] = [];
  await using dealer = openSocket('DEALER', {
    ...OPTIONS,
    reconnect: false,
    events: { disconnected: (_peer, { message }) => reasons.push(message) },
  });
  dealer.connect(address);
  await dealer.send([Buffer.from('1')]);
  await dealer.receive();
  child.kill('SIGSTOP');
  await until('the silence to be noticed', () => reasons.length > 0);
  expect(reasons[0]).toMatch(/^the peer was silent for \d+ ms$/);
});

test('the socket file of a killed process is taken over, that of a living one is not', async () => {
  await using directory = await openTemporaryDirectory();
  const { child, address } = await startEcho(`ipc://${directory.path}/socket`);
  await using router = openSocket('ROUTER', { lingerMs: 0 });
  await expect(router.bind(address)).rejects.toMatchObject({ code: 'unavailable' });
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  expect(await router.bind(address)).toBe(address);
});
