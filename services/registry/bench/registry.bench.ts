/**
 * The dictionary: look-ups from memory and over CURVE, durable registrations beside etcd's, what a joining program waits
 * for, a start with 10,000 instances, and one change told to 1,000 and 20,000 watchers. `--json` prints the project's common
 * format; `REGISTRY_BENCH_SCALE` makes it smaller, for tests.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { silentLog, sleep, systemClock as clock, systemRandom as random } from '@plumb/base';
import { openRocksKv } from '@plumb/kv/rocks';
import { connectInProcess } from '@plumb/rpc';
import { type BenchResult, printBench } from '@plumb/testing/bench';
import { registryContract } from '../src/index.ts';
import { RegistryCache } from '../src/instance.ts';
import { openRegistry } from '../src/server.ts';
import { declare } from '../test/declare.ts';
import { type Environment, openClient, quantile, rateOf, startPlane } from './bench-client.ts';
import { measureRegistrationsOfOthers } from './registrations.ts';
import { measureWatchers } from './watchers.ts';

const SCALE = Number(process.env['REGISTRY_BENCH_SCALE'] ?? 1);
const PERIOD_MS = 3_000 * SCALE;
const INSTANCES = Math.ceil(10_000 * SCALE);
const ADDRESS = { address: '127.0.0.1', port: 4_000 } as const;

async function measureLookups(environment: Environment | undefined): Promise<BenchResult[]> {
  using client = openClient(environment);
  const { registry, connection } = client;
  using cache = new RegistryCache({ registry, clock, random, log: silentLog });
  await cache.require('ledger-api');
  const rounds = Math.ceil(2_000_000 * SCALE);
  let found = 0;
  const startedMs = performance.now();
  for (let i = 0; i < rounds; i += 1) found += cache.get('ledger-api')?.length ?? 0;
  const perLookupUs = ((performance.now() - startedMs) * 1_000) / rounds;
  if (found !== rounds * 3) throw new Error(`${found} instances were found in ${rounds} look-ups`);
  const options = { atATime: 64, periodMs: PERIOD_MS };
  const resolves = await rateOf(() => registry.resolve({ service: 'ledger-api' }), options);
  const echoes = await rateOf(() => connection.call('identity.whoami', {}), options);
  return [
    { name: 'resolve from the cache', unit: 'µs', better: 'lower', ours: perLookupUs, goal: 5 },
    {
      name: 'resolve over CURVE, 64 at a time',
      unit: '1/s',
      better: 'higher',
      ours: resolves,
      peers: { 'the smallest call': echoes },
    },
  ];
}

/** From the call to the answer with lease, configuration and peers, on a connection that is open. */
async function measureJoin(environment: Environment | undefined): Promise<BenchResult[]> {
  using client = openClient(environment);
  await client.registry.services({});
  const times: number[] = [];
  for (let i = 0; i < Math.ceil(300 * SCALE); i += 1) {
    const startedMs = performance.now();
    const stream = client.registry.join({ service: 'shop-web', ...ADDRESS, instanceId: `join-${i}` });
    for await (const { peers, config } of stream) {
      times.push(performance.now() - startedMs);
      if (peers[0]?.instances.length !== 3 || config === undefined) throw new Error('the answer is not whole');
      break;
    }
  }
  // They leave a second after their streams: what is measured next must not be theirs.
  while ((await client.registry.resolve({ service: 'shop-web' })).instances.length > 0) await sleep(clock, 100);
  return [
    { name: 'join to usable, p50', unit: 'ms', better: 'lower', ours: quantile(times, 0.5), goal: 5 },
    { name: 'join to usable, p99', unit: 'ms', better: 'lower', ours: quantile(times, 0.99) },
  ];
}

async function measureRegistrations(directory: string): Promise<BenchResult> {
  await using kv = await openRocksKv({ directory, clock, log: silentLog });
  await using service = await openRegistry({ kv, clock, log: silentLog, hostName: 'here' });
  using registry = connectInProcess(registryContract, service.handlers, { id: 'bench', scopes: ['*'] });
  await declare({ registry, clock }, 'shop', { web: [] });
  const register = (i: number): Promise<unknown> =>
    registry.register({
      service: 'shop-web',
      ...ADDRESS,
      instanceId: `i${i % 20_000}`,
      release: `r${i}`,
      ttlMs: 300_000,
    });
  const ours = await rateOf(register, { atATime: 1_000, periodMs: PERIOD_MS });
  return { name: 'durable registrations, in process', unit: '1/s', better: 'higher', ours, goal: 20_000 };
}

async function measureStart(directory: string): Promise<BenchResult[]> {
  {
    await using kv = await openRocksKv({ directory, clock, log: silentLog });
    await using service = await openRegistry({ kv, clock, log: silentLog, hostName: 'here' });
    using registry = connectInProcess(registryContract, service.handlers, { id: 'bench', scopes: ['*'] });
    for (let i = 0; i < INSTANCES / 100; i += 1) await declare({ registry, clock }, `app-${i}`, { web: [], api: [] });
    let next = 0;
    const registerAll = async (): Promise<void> => {
      while (next < INSTANCES) {
        const i = (next += 1);
        const name = `app-${i % Math.ceil(INSTANCES / 100)}-${i % 2 === 0 ? 'web' : 'api'}`;
        await registry.register({ service: name, ...ADDRESS, instanceId: `i${i}`, keptBy: 'nobody' });
      }
    };
    await Promise.all(Array.from({ length: 500 }, registerAll));
  }
  const beforeBytes = usedBytes();
  const startedMs = performance.now();
  await using kv = await openRocksKv({ directory, clock, log: silentLog });
  await using service = await openRegistry({ kv, clock, log: silentLog, hostName: 'here' });
  const openMs = performance.now() - startedMs;
  if (service.view.instances.size !== INSTANCES) throw new Error(`${service.view.instances.size} instances were found`);
  const usedMib = (usedBytes() - beforeBytes) / 2 ** 20;
  return [
    { name: `start with ${INSTANCES} instances`, unit: 'ms', better: 'lower', ours: openMs, goal: 1_000 },
    { name: `memory of ${INSTANCES} instances`, unit: 'MiB', better: 'lower', ours: usedMib },
  ];
}

/** What is not collected yet counts too, without `--expose-gc`. */
function usedBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'plumb-bench-'));
try {
  const results: BenchResult[] = [];
  results.push(...(await measureStart(path.join(directory, 'start'))));
  results.push(await measureRegistrations(path.join(directory, 'registrations')));
  await using plane = await startPlane(path.join(directory, 'plane'), 101);
  results.push(...(await measureLookups(plane.environments[0])));
  results.push(...(await measureJoin(plane.environments[0])));
  for (const count of [1_000, 20_000]) results.push(...(await measureWatchers(plane, Math.ceil(count * SCALE))));
  // Last: their instances would be in every snapshot of the watchers.
  results.push(...(await measureRegistrationsOfOthers(plane, { rounds: 3, periodMs: PERIOD_MS })));
  printBench({
    bench: 'registry',
    rounds: 1,
    results,
    notes: {
      etcd: 'apt, one member, fsync on, by gRPC (npm etcd3), a lease granted for each, as its registrations do',
      registrations:
        '1,000 at a time; each answer comes after the fsync of its group, with configuration and peers where another process asks',
      watchers: '100 connections over CURVE in one process, from the call that changes something to each of them',
    },
  });
} finally {
  await fs.rm(directory, { recursive: true, force: true });
}
