/**
 * One change after another of ten values at once, published to processes of their own that each follow the configuration
 * with `openConfig` over CURVE, beside npm's `etcd3` watching Debian's etcd. Each process notes when the change is in
 * force, and reads all ten values in a tight loop at every change: any two that do not fit together are a torn read. After
 * each change the proof is waited for that all processes run it. `--json` prints the project's common format;
 * `CONFIG_PUBLISH_PROCESSES` and `CONFIG_PUBLISH_CHANGES` make it smaller; `CONFIG_PUBLISH_PRIORITY`, such as -15, puts it before
 * other work of the machine while it measures.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { silentLog, sleep, systemClock as clock, systemRandom as random } from '@plumb/base';
import { readPlumbDoor } from '@plumb/config/plumb-door';
import { createClient, openConnection } from '@plumb/rpc';
import { openZeromqChannel } from '@plumb/rpc/node';
import { findProgram, startEtcd, until } from '@plumb/testing';
import { type BenchResult, printBench } from '@plumb/testing/bench';
import { Etcd3 } from 'etcd3';
import { configContract } from '../src/index.ts';
import { type ProcessFleet, setPriority, startFleet } from './publish-fleet.ts';
import { APPLICATION, BLOCK_KEYS, type Environment, nowMs, OTHER_KEYS } from './publish-message.ts';

export type PublishBenchOptions = {
  readonly processes: number;
  readonly changes: number;
  /** As of `nice`: 0 is that of everybody. */
  readonly priority?: number;
};

/** Processes that have just started compile what they run: the first changes are not counted. */
const WARM_UP_CHANGES = 3;
/** What a change sets off, such as reports and collections of garbage, is over by then. */
const PAUSE_MS = 250;

type Publisher = AsyncDisposable & {
  readonly fleet: ProcessFleet;
  readonly serverPid: number;
  /** Resolves when it is acknowledged. */
  readonly publish: (number: number) => Promise<void>;
  /** Resolves when there is a proof that all processes run the last change; nothing is waited for where there is none. */
  readonly prove: (() => Promise<void>) | undefined;
};

type Figures = {
  /** From the call that publishes to each process. */
  readonly eachMs: readonly number[];
  /** From the call to the last process, and from its acknowledgement. */
  readonly lastMs: readonly number[];
  readonly lastFromAckMs: readonly number[];
  readonly provenMs: readonly number[];
  readonly torn: number;
  readonly checks: number;
  readonly rssBytes: number;
  /** Of one process, for one change and all that it sets off there. */
  readonly cpuMs: number;
};

export async function runBench({ processes, ...options }: PublishBenchOptions): Promise<BenchResult[]> {
  const ours = await measure(await openOurs(processes), options);
  const etcd = findProgram('etcd') === undefined ? undefined : await measure(await openEtcd(processes), options);
  const result = (name: string, unit: string, of: (figures: Figures) => number, goal?: number): BenchResult => ({
    name,
    unit,
    better: 'lower',
    ours: of(ours),
    ...(etcd !== undefined && { peers: { etcd: of(etcd) } }),
    ...(goal !== undefined && { goal }),
  });
  return [
    result('a change in force in a process: p50', 'ms', ({ eachMs }) => quantile(eachMs, 0.5)),
    result('a change in force in a process: p99', 'ms', ({ eachMs }) => quantile(eachMs, 0.99), 150),
    result(`a change in force in all ${processes}: p50`, 'ms', ({ lastMs }) => quantile(lastMs, 0.5)),
    result(`a change in force in all ${processes}: p99`, 'ms', ({ lastMs }) => quantile(lastMs, 0.99), 150),
    result('the same from its acknowledgement: p50', 'ms', ({ lastFromAckMs }) => quantile(lastFromAckMs, 0.5)),
    { name: 'proof that all run it: p50', unit: 'ms', better: 'lower', ours: quantile(ours.provenMs, 0.5) },
    result('torn reads', `of ${ours.checks}`, ({ torn }) => torn, 0),
    result('processor time of a process and change', 'ms', ({ cpuMs }) => cpuMs),
    result('memory of a process: p50', 'MB', ({ rssBytes }) => rssBytes / 1e6),
  ];
}

async function measure(
  publisher: Publisher,
  { changes, priority = 0 }: Omit<PublishBenchOptions, 'processes'>,
): Promise<Figures> {
  await using _publisher = publisher;
  const { fleet, serverPid, publish, prove } = publisher;
  if (priority !== 0) setPriority([process.pid, serverPid, ...fleet.pids], priority);
  // While the others started, each has waited for them.
  const before = await fleet.reports();
  const startedAtMs: number[] = [];
  const acknowledgedAtMs: number[] = [];
  const provenMs: number[] = [];
  for (let number = 1; number <= WARM_UP_CHANGES + changes; number += 1) {
    startedAtMs[number] = nowMs();
    await publish(number);
    acknowledgedAtMs[number] = nowMs();
    await prove?.();
    if (number > WARM_UP_CHANGES) provenMs.push(nowMs() - (startedAtMs[number] ?? 0));
    await sleep(clock, PAUSE_MS);
  }
  const reports = await until('every process has the last change', async () => {
    const all = await fleet.reports();
    return all.every(({ appliedAtMs }) => appliedAtMs.at(-1)?.[0] === WARM_UP_CHANGES + changes) ? all : false;
  });
  // What is started next has that of everybody again.
  if (priority !== 0) setPriority([process.pid], 0);
  const applied = reports.map(({ appliedAtMs }) => new Map(appliedAtMs));
  const [eachMs, lastMs, lastFromAckMs]: [number[], number[], number[]] = [[], [], []];
  for (let number = WARM_UP_CHANGES + 1; number <= WARM_UP_CHANGES + changes; number += 1) {
    const times = applied.map((own) => own.get(number) ?? Number.NaN);
    const last = Math.max(...times);
    if (Number.isNaN(last)) throw new Error(`change ${number} was not seen by each process`);
    eachMs.push(...times.map((time) => time - (startedAtMs[number] ?? 0)));
    lastMs.push(last - (startedAtMs[number] ?? 0));
    lastFromAckMs.push(last - (acknowledgedAtMs[number] ?? 0));
  }
  return {
    eachMs,
    lastMs,
    lastFromAckMs,
    provenMs,
    torn: reports.reduce((sum, { torn }) => sum + torn, 0),
    checks: reports.reduce((sum, { checks }) => sum + checks, 0),
    cpuMs: quantile(
      reports.map(({ cpuUs }, i) => (cpuUs - (before[i]?.cpuUs ?? 0)) / 1_000 / (WARM_UP_CHANGES + changes)),
      0.5,
    ),
    rssBytes: quantile(
      reports.map(({ rssBytes }) => rssBytes),
      0.5,
    ),
  };
}

async function openOurs(processes: number): Promise<Publisher> {
  await using opening = new AsyncDisposableStack();
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'plumb-bench-'));
  opening.defer(() => fs.rm(directory, { recursive: true, force: true }));
  const server: ChildProcess = fork(new URL('publish-server.ts', import.meta.url), [directory, String(processes)]);
  opening.defer(async () => {
    server.disconnect();
    await once(server, 'exit');
  });
  const [{ writer, instances }] = (await once(server, 'message')) as [
    { writer: Environment; instances: Environment[] },
  ];
  const fleet = opening.use(await startFleet('publish-subscriber.ts', instances));
  const door = readPlumbDoor(writer);
  if (door === undefined) throw new TypeError('the writer has an environment');
  const open = (signal: AbortSignal): ReturnType<typeof openZeromqChannel> =>
    openZeromqChannel({ ...door, clock, signal });
  const connection = openConnection({ open, clock, random, log: silentLog });
  opening.defer(connection.close);
  const config = createClient(configContract, 'config', connection);
  const moved = opening.move();
  return {
    fleet,
    serverPid: server.pid ?? process.pid,
    async publish(number) {
      const changes = BLOCK_KEYS.map((key) => ({ key, value: number }));
      await config.change({ application: APPLICATION, changes });
    },
    async prove() {
      let late: readonly string[] = [];
      const check = async (): Promise<boolean> => {
        const { instances: known } = await config.convergence({ application: APPLICATION });
        late = known.flatMap(({ isConverged, ...one }) => (isConverged ? [] : [JSON.stringify(one)]));
        return known.length === processes && late.length === 0;
      };
      await until('all are converged', check, { timeoutMs: 60_000, periodMs: 20 }).catch((error: unknown) => {
        throw new Error(`these are not: ${late.slice(0, 5).join(' ')}`, { cause: error });
      });
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

async function openEtcd(processes: number): Promise<Publisher> {
  await using opening = new AsyncDisposableStack();
  const server = opening.use(await startEtcd({ isDurable: true }));
  const client = new Etcd3({ hosts: server.endpoint });
  opening.defer(() => client.close());
  for (const key of OTHER_KEYS) await client.put(`bench/${key}`).value('value');
  const environments = Array.from({ length: processes }, () => ({ ETCD: server.endpoint }));
  const fleet = opening.use(await startFleet('publish-etcd-subscriber.ts', environments));
  const moved = opening.move();
  return {
    fleet,
    serverPid: server.pid(),
    async publish(number) {
      const puts = BLOCK_KEYS.map((key) => client.put(`bench/${key}`).value(number));
      await client
        .if('none', 'Version', '==', 0)
        .then(...puts)
        .commit();
    },
    prove: undefined,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

if (import.meta.main) {
  const processes = Number(process.env['CONFIG_PUBLISH_PROCESSES'] ?? 200);
  const changes = Number(process.env['CONFIG_PUBLISH_CHANGES'] ?? 40);
  const priority = Number(process.env['CONFIG_PUBLISH_PRIORITY'] ?? 0);
  printBench({
    bench: 'config-publish',
    rounds: changes,
    results: await runBench({ processes, changes, priority }),
    notes: {
      load: `${processes} processes with ${BLOCK_KEYS.length + OTHER_KEYS.length} values each; a change is ${BLOCK_KEYS.length} of them at one revision, durable, over CURVE; each process verifies it, and reports revision and digest`,
      ...(priority !== 0 && { priority: `${priority}, over other work of the machine` }),
      etcd: 'Debian package etcd-server, one member, every write synced, npm etcd3 over gRPC without TLS; one transaction of the same keys, which its client tells key by key',
    },
  });
}
