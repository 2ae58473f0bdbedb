/**
 * What a question over UDP costs, beside dnsmasq with the same records: one server and one client process on loopback, the
 * same load in turns. The client is Node.js and has a core of its own; CPU time is that of the server alone, and says what
 * one core could answer. `--json` prints the project's common format.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import fs from 'node:fs';
import { type BenchResult, medianOf, printBench } from '@plumb/testing/bench';
import { findProgram, until } from '@plumb/testing';
import { decodeMessage, encodeQuery, type TypeName } from '../test/dns/dns-message.ts';

export type BenchOptions = { readonly rounds: number; readonly queries: number; readonly sequentialQueries: number };

type Server = AsyncDisposable & { readonly port: number; readonly pid: number };
type Question = { readonly name: string; readonly type: TypeName };
/** By name, unit and what is better, apart by `|`. */
type Figures = Readonly<Record<string, number>>;

export const INSTANCES = 5;
const QUESTIONS: Readonly<Record<string, Question>> = {
  [`SRV of ${INSTANCES} instances`]: { name: '_web._tcp.service.plumb', type: 'SRV' },
  'A of one instance': { name: 'web-3.web.service.plumb', type: 'A' },
  'no such name': { name: 'none.service.plumb', type: 'A' },
};
/** Each port is a client, whose answers have a limit of their own: with few of them the limit would be measured. */
const SOCKETS = 64;
const IN_FLIGHT_EACH = 1;
/** TC, in the third byte of an answer. */
const TRUNCATED = 0x02;
/** Linux counts the time of a process in ticks of 10 ms. */
const TICK_US = 10_000;
/** What was lost on its way is asked again by no one here: a round that waits this long is not counted. */
const STALL_MS = 2_000;

export async function runBench({ rounds, queries, sequentialQueries }: BenchOptions): Promise<BenchResult[]> {
  const dnsmasq = findProgram('dnsmasq');
  const makers: Readonly<Record<string, () => Promise<Server>>> = {
    ours: startOurs,
    ...(dnsmasq !== undefined && { dnsmasq: () => startDnsmasq(dnsmasq) }),
  };
  const measured = new Map<string, Figures[]>(Object.keys(makers).map((maker) => [maker, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [maker, start] of Object.entries(makers)) {
      await using server = await start();
      const figures: Record<string, number> = {};
      for (const [what, question] of Object.entries(QUESTIONS)) {
        await measure(server, question, Math.ceil(queries / 5));
        const { perS, cpuUs, latenciesUs } = await measure(server, question, queries);
        figures[`${what}, ${SOCKETS * IN_FLIGHT_EACH} in flight|queries/s|higher`] = perS;
        figures[`${what}: CPU of a query|us|lower`] = cpuUs;
        figures[`${what}, ${SOCKETS * IN_FLIGHT_EACH} in flight: p99|us|lower`] = percentile(latenciesUs, 0.99);
      }
      const { latenciesUs } = await measure(
        server,
        QUESTIONS['A of one instance'] as Question,
        sequentialQueries,
        1,
        1,
      );
      figures['A, one at a time: p50|us|lower'] = percentile(latenciesUs, 0.5);
      figures['A, one at a time: p99|us|lower'] = percentile(latenciesUs, 0.99);
      measured.get(maker)?.push(figures);
    }
  }
  return summarize(measured);
}

type Measured = { readonly perS: number; readonly cpuUs: number; readonly latenciesUs: readonly number[] };

async function measure(
  server: Server,
  question: Question,
  queries: number,
  sockets = SOCKETS,
  inFlightEach = IN_FLIGHT_EACH,
): Promise<Measured> {
  const clients = await Promise.all(Array.from({ length: sockets }, openSocket));
  const latenciesUs: number[] = [];
  const template = encodeQuery({ ...question, edns: {} });
  const cpuBefore = cpuUsOf(server.pid);
  const startMs = performance.now();
  try {
    await Promise.all(
      clients.map((socket) =>
        ask(socket, server.port, template, Math.ceil(queries / sockets), inFlightEach, latenciesUs),
      ),
    );
  } finally {
    for (const socket of clients) socket.close();
  }
  const lengthMs = performance.now() - startMs;
  return {
    perS: latenciesUs.length / (lengthMs / 1_000),
    cpuUs: (cpuUsOf(server.pid) - cpuBefore) / latenciesUs.length,
    latenciesUs,
  };
}

/** Asks `queries` times, `inFlight` at a time, and notes how long each took. */
async function ask(
  socket: Socket,
  port: number,
  template: Buffer,
  queries: number,
  inFlight: number,
  latenciesUs: number[],
): Promise<void> {
  const done = Promise.withResolvers<void>();
  const sentAtMs: number[] = [];
  let sent = 0;
  let answered = 0;
  const send = (): void => {
    const bytes = Buffer.from(template);
    bytes.writeUInt16BE(sent % 65_536, 0);
    sentAtMs[sent % 65_536] = performance.now();
    sent += 1;
    socket.send(bytes, port, '127.0.0.1');
  };
  socket.on('message', (bytes) => {
    if (((bytes[2] ?? 0) & TRUNCATED) !== 0)
      done.reject(new Error('an answer was cut: the limit on reflection is measured'));
    latenciesUs.push((performance.now() - (sentAtMs[bytes.readUInt16BE(0)] ?? 0)) * 1_000);
    answered += 1;
    if (answered === queries) done.resolve();
    else if (sent < queries) send();
  });
  let seen = 0;
  const watch = setInterval(() => {
    if (answered === seen) done.reject(new Error(`no answer for ${STALL_MS} ms after ${answered} of ${queries}`));
    seen = answered;
  }, STALL_MS);
  for (let i = 0; i < Math.min(inFlight, queries); i += 1) send();
  try {
    await done.promise;
  } finally {
    clearInterval(watch);
  }
}

async function startOurs(): Promise<Server> {
  const child = fork(new URL('dns-bench-server.ts', import.meta.url), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [port] = (await once(child, 'message')) as [number];
  return ready(child, port);
}

async function startDnsmasq(program: string): Promise<Server> {
  const socket = await openSocket();
  const { port } = socket.address();
  socket.close();
  const names = Array.from({ length: INSTANCES }, (_, i) => `web-${i + 1}.web.service.plumb`);
  const child = spawn(
    program,
    [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--pid-file=',
      '--user=',
      '--no-resolv',
      '--no-hosts',
      '--local=/plumb/',
      `--port=${port}`,
      '--listen-address=127.0.0.1',
      '--bind-interfaces',
      '--local-ttl=1',
      ...names.map((name, i) => `--host-record=${name},10.0.0.${i + 1}`),
      ...names.map((name, i) => `--srv-host=_web._tcp.service.plumb,${name},${8_001 + i}`),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return ready(child, port);
}

/** Resolves when it answers what the benchmark asks, as it must. */
async function ready(child: ChildProcess, port: number): Promise<Server> {
  const stop = async (): Promise<void> => {
    // One that could not start, such as for a port that was taken meanwhile, exits no second time.
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  try {
    for (const [what, question] of Object.entries(QUESTIONS)) {
      const socket = await openSocket();
      const answer = await until('the first answer', async () => {
        const answered = once(socket, 'message', { signal: AbortSignal.timeout(200) });
        socket.send(encodeQuery({ ...question, edns: {} }), port, '127.0.0.1');
        const [bytes] = (await answered) as [Buffer];
        const message = decodeMessage(bytes);
        return (message.rcode === 0 || message.rcode === 3) && message;
      }).finally(() => socket.close());
      const expected = { SRV: INSTANCES, A: what === 'no such name' ? 0 : 1 }[question.type as 'SRV' | 'A'];
      if (answer.answers.length !== expected) throw new Error(`${answer.answers.length} records for ${what}`);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  const listening = once(socket, 'listening');
  socket.bind(0, '127.0.0.1');
  await listening;
  return socket;
}

/** User and system time of all threads so far. Linux only. */
function cpuUsOf(pid: number): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function summarize(measured: ReadonlyMap<string, readonly Figures[]>): BenchResult[] {
  const median = (maker: string, key: string): number =>
    medianOf((measured.get(maker) ?? []).map((figures) => figures[key] ?? NaN));
  const peers = [...measured.keys()].filter((maker) => maker !== 'ours');
  return Object.keys(measured.get('ours')?.[0] ?? {}).map((key) => {
    const [name = '', unit = '', better] = key.split('|');
    return {
      name,
      unit,
      better: better === 'higher' ? 'higher' : 'lower',
      ours: median('ours', key),
      peers: Object.fromEntries(peers.map((peer) => [peer, median(peer, key)])),
    };
  });
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;
}

if (import.meta.main) {
  const rounds = 5;
  const results = await runBench({ rounds, queries: 60_000, sequentialQueries: 5_000 });
  const notes = {
    'queries/s':
      'with one client process of Node.js, which is busy too; CPU of a query says what one core could answer',
    dnsmasq:
      findProgram('dnsmasq') === undefined
        ? 'absent: apt-get install dnsmasq-base'
        : 'of Debian, the same records, fixed',
  };
  printBench({ bench: 'dns', rounds, results, notes });
}
