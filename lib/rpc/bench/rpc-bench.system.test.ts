// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- rpc`.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { findProgram, hasRequirement } from '@plumb/testing';
import { expect, test } from 'vitest';

const PEERS = ['zeromq', 'grpc', 'moleculer', 'http'];
/** All but publishing, which has a test of its own. */
const LOADS = 'oneByOne,inFlight,sealed,stream,besideStream,payload';
const hasNats = hasRequirement('nats-server', 'apt-get install nats-server', findProgram('nats-server') !== undefined);

test('every peer answers the same, and has every figure that it can have', { timeout: 60_000 }, () => {
  const program = path.join(import.meta.dirname, 'rpc.bench.ts');
  const env = { ...process.env, RPC_BENCH_MS: '10', RPC_BENCH_ROUNDS: '1', RPC_BENCH_LOADS: LOADS };
  const { bench, results, notes } = JSON.parse(String(execFileSync(process.execPath, [program, '--json'], { env })));
  expect(bench).toBe('rpc');
  const peersOf = Object.fromEntries(
    results.map(({ name, peers }: { name: string; peers: object }) => [name, Object.keys(peers)]),
  );
  const callers = hasNats ? [...PEERS.slice(0, 3), 'nats', ...PEERS.slice(3)] : PEERS;
  const streamers = ['zeromq', 'grpc', 'http'];
  expect(peersOf).toEqual({
    'calls, one after another': callers,
    'p50 of a call': callers,
    'p99 of a call': callers,
    'a call: processor time of both sides': callers,
    'calls, 64 at a time': callers,
    'such a call: processor time of both sides': callers,
    'CURVE: calls, 64 at a time': ['zeromq'],
    'CURVE: such a call: processor time of both sides': ['zeromq'],
    'items of a stream': streamers,
    'an item: processor time of both sides': streamers,
    'p50 of a call beside a stream': streamers,
    '1 MiB echoed': callers,
    '1 MiB echoed: processor time of both sides': callers,
    'calls, 64 at a time: ours by that of zeromq': [],
    'calls, 64 at a time: ours by that of grpc': [],
    'p50 of a call: ours by that of zeromq': [],
  });
  for (const { ours, peers } of results) {
    for (const figure of [ours, ...Object.values(peers)]) expect(figure).toBeGreaterThan(0);
  }
  expect(notes.answers).toMatch(/^hash [0-9a-f]{12}, of every peer$/);
});
