// Nodes of the catalogue as real processes, run by their plans.
import { silentLog, systemClock } from '@plumb/base';
import type { ChainNodePlan } from '@plumb/deploy';
import { openTemporaryDirectory, type TemporaryDirectory, until } from '@plumb/testing';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callJsonRpc } from '../src/json-rpc.ts';
import { createChains } from '../src/server.ts';

const signal = new AbortController().signal;
const chains = createChains({ clock: systemClock, log: silentLog });
let directory: TemporaryDirectory;
let plan: ChainNodePlan;
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await openTemporaryDirectory();
  plan = await chains.planner.plan({
    application: 'tipjar',
    name: 'eth',
    spec: { kind: 'ethereum', network: 'dev', port: 'auto' },
    port: await freePort(),
    directory: directory.path,
    dataDirectory: directory.path,
  });
});

afterEach(async () => {
  for (const child of children.splice(0)) await end(child, 'SIGKILL');
  await directory[Symbol.asyncDispose]();
});

function start(): ChildProcess {
  const [program = '', ...words] = plan.command;
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  plan.probe.reset();
  return child;
}

async function end(child: ChildProcess, how: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(how);
  await exited;
}

const state = async (): Promise<string> => (await plan.probe.check(signal)).health.state;
const untilState = (wanted: string): Promise<boolean> => until(wanted, async () => (await state()) === wanted);

async function call(method: string, ...parameters: unknown[]): Promise<unknown> {
  const [outcome] = await callJsonRpc(plan.url, [{ method, parameters }], { signal, timeoutMs: 5_000 });
  if (outcome?.kind !== 'result') throw new Error(`${method}: ${JSON.stringify(outcome)}`);
  return outcome.value;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a node gets ready, is seen to stop, to die and to come back, with its chain', async () => {
  const node = start();
  expect(await state()).toBe('starting');
  await untilState('ready');
  const { facts } = await plan.probe.check(signal);
  expect(facts).toMatchObject({ kind: 'ethereum', network: 'dev', chainId: 31_337, height: expect.any(Number) });
  expect(facts.peers).toBeUndefined();
  const ready = { labels: { application: 'tipjar', component: 'eth', state: 'ready' }, value: 1 };
  expect(chains.metrics().find(({ name }) => name === 'chain_state')?.samples).toContainEqual(ready);

  // The launcher became the node: what is stopped here is anvil itself.
  expect(fs.readlinkSync(`/proc/${node.pid}/exe`)).toMatch(/anvil$/);
  node.kill('SIGSTOP');
  await untilState('failed');
  node.kill('SIGCONT');
  await untilState('ready');

  const [from, to] = (await call('eth_accounts')) as string[];
  const hash = await call('eth_sendTransaction', { from, to, value: '0x1' });
  type Receipt = { readonly blockHash: string };
  const receipt = async (): Promise<Receipt | null> =>
    (await call('eth_getTransactionReceipt', hash)) as Receipt | null;
  const block = await until('a block', async () => (await receipt()) ?? undefined);
  const file = path.join(directory.path, 'state.json');
  await until('the block is on disk', () => fs.readFileSync(file, 'utf8').includes(block.blockHash.slice(2)));
  await end(node, 'SIGKILL');
  await untilState('failed');
  start();
  await untilState('ready');
  expect(await call('eth_getTransactionReceipt', hash)).toMatchObject({ blockHash: block.blockHash });
}, 40_000);

test('a torn state file does not stop the start: it is set aside', async () => {
  const file = path.join(directory.path, 'state.json');
  fs.writeFileSync(file, '{"block":{"number":"0x');
  const node = start();
  const [line] = (await once(node.stdout ?? node, 'data')) as [Buffer];
  expect(String(line)).toBe('anvil: state.json was torn: begins a new chain; the torn file is state.json.torn\n');
  await untilState('ready');
  expect(fs.readFileSync(`${file}.torn`, 'utf8')).toBe('{"block":{"number":"0x');
  await end(node, 'SIGTERM');
  expect(node.exitCode).toBe(0);
  expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toHaveProperty('block');
});

test('a chain that is replaced under the same port is a fork', async () => {
  start();
  await untilState('ready');
  await call('anvil_mine', '0x2');
  await untilState('ready');
  await call('anvil_reset');
  await untilState('forked');
});
