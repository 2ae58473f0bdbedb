/**
 * The Consul door over HTTP, in a process of its own on a store on disk, with one client process of Node.js: how soon a
 * change of one service, or of one key, is with all who wait for it, and how many keys are put and read a second, beside
 * etcd of Debian over its own HTTP. `--json` prints the project's common format.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { type BenchResult, medianOf, printBench } from '@plumb/testing/bench';
import { findProgram, openTemporaryDirectory, startEtcd } from '@plumb/testing';

export type ConsulBenchOptions = {
  readonly rounds: number;
  readonly watchers: number;
  /** Changes that watchers are told of, a round. */
  readonly changes: number;
  /** Puts, and gets, a round. */
  readonly operations: number;
};

const IN_FLIGHT = 64;
const INSTANCES = 10;
const VALUE = 'x'.repeat(200);

type Answer = { readonly index: string; readonly body: string };
type Ask = (method: string, target: string, body?: string) => Promise<Answer>;

export async function runBench({ rounds, watchers, changes, operations }: ConsulBenchOptions): Promise<BenchResult[]> {
  const samples: Record<string, number[]> = {};
  const note = (name: string, value: number): void => void (samples[name] ??= []).push(value);
  await using server = await startServer();
  const ask = openClient(server.port, watchers + IN_FLIGHT);
  for (let i = 0; i < INSTANCES; i += 1) {
    const service = {
      Name: 'web',
      ID: `web-${i}`,
      Port: 8_000 + i,
      Tags: ['v1'],
      Check: { TTL: '1h', Status: 'passing' },
    };
    await ask('PUT', '/v1/agent/service/register', JSON.stringify(service));
  }
  const flip = (i: number): Promise<unknown> =>
    ask('PUT', `/v1/agent/check/${i % 2 === 0 ? 'fail' : 'pass'}/service:web-1`);
  const put = (i: number): Promise<unknown> => ask('PUT', '/v1/kv/watched', String(i));
  for (let round = 0; round < rounds; round += 1) {
    const startUs = await server.cpuUs();
    note('service', await watch(ask, '/v1/health/service/web?passing', { watchers, changes, change: flip }));
    const flippedUs = await server.cpuUs();
    note('key', await watch(ask, '/v1/kv/watched', { watchers, changes, change: put }));
    const beforeUs = await server.cpuUs();
    note('service us', (flippedUs - startUs) / (watchers * changes));
    note('key us', (beforeUs - flippedUs) / (watchers * changes));
    note('puts', await rate(operations, (i) => ask('PUT', `/v1/kv/key/${i % 10_000}`, `${VALUE}${round}${i}`)));
    const betweenUs = await server.cpuUs();
    note('gets', await rate(operations, (i) => ask('GET', `/v1/kv/key/${i % Math.min(operations, 10_000)}`)));
    note('put us', (betweenUs - beforeUs) / operations);
    note('get us', ((await server.cpuUs()) - betweenUs) / operations);
  }
  const peers = await measureEtcd({ rounds, operations });
  const figure = (name: string, unit: string, value: string, etcd?: number): BenchResult => ({
    name,
    unit,
    better: unit === '1/s' ? 'higher' : 'lower',
    ours: medianOf(samples[value] ?? []),
    ...(etcd === undefined ? {} : { peers: { etcd } }),
  });
  return [
    figure(`a change of one service to ${watchers} who wait: p99`, 'ms', 'service'),
    figure(`a change of one key to ${watchers} who wait: p99`, 'ms', 'key'),
    figure('CPU of one who waits for a service, from question to answer', 'µs', 'service us'),
    figure('CPU of one who waits for a key, from question to answer', 'µs', 'key us'),
    figure(`keys put, ${IN_FLIGHT} in flight`, '1/s', 'puts', peers?.puts),
    figure(`keys read, ${IN_FLIGHT} in flight`, '1/s', 'gets', peers?.gets),
    figure('CPU of a put', 'µs', 'put us'),
    figure('CPU of a read', 'µs', 'get us'),
  ];
}

type Server = AsyncDisposable & {
  readonly port: number;
  /** Of its process, so far. */
  readonly cpuUs: () => Promise<number>;
};

async function startServer(): Promise<Server> {
  await using opening = new AsyncDisposableStack();
  const directory = opening.use(await openTemporaryDirectory());
  const child: ChildProcess = fork(path.join(import.meta.dirname, 'consul-bench-server.ts'), [directory.path]);
  opening.defer(async () => {
    const ended = once(child, 'exit');
    child.disconnect();
    await ended;
  });
  const [port] = (await once(child, 'message')) as [number];
  const open = opening.move();
  return {
    port,
    async cpuUs() {
      const answer = once(child, 'message');
      child.send('cpu');
      const [{ user, system }] = (await answer) as [NodeJS.CpuUsage];
      return user + system;
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Keeps its connections, as clients of Consul do. */
function openClient(port: number, maxSockets: number): Ask {
  const agent = new http.Agent({ keepAlive: true, maxSockets, maxFreeSockets: maxSockets });
  return async (method, target, body) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const request = http.request({ host: '127.0.0.1', port, method, path: target, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        if (statusCode === 200) resolve({ index: String(headers['x-consul-index'] ?? ''), body: text });
        else reject(new Error(`${method} ${target}: ${statusCode} ${text}`));
      });
    });
    request.on('error', reject);
    request.end(body);
    return promise;
  };
}

type WatchLoad = {
  readonly watchers: number;
  readonly changes: number;
  readonly change: (i: number) => Promise<unknown>;
};

/** Milliseconds from the request that changes something to the answer of each who waits: p99 over all changes. */
async function watch(ask: Ask, target: string, { watchers, changes, change }: WatchLoad): Promise<number> {
  const separator = target.includes('?') ? '&' : '?';
  await change(0);
  let { index } = await ask('GET', target);
  const latenciesMs: number[] = [];
  for (let i = 1; i <= changes; i += 1) {
    const answers = Array.from({ length: watchers }, async () => {
      const answer = await ask('GET', `${target}${separator}index=${index}&wait=60s`);
      return { at: performance.now(), index: answer.index };
    });
    // All of them wait when what is asked after them is answered.
    await ask('GET', target);
    const startedAt = performance.now();
    await change(i);
    for (const answer of await Promise.all(answers)) {
      latenciesMs.push(answer.at - startedAt);
      if (Number(answer.index) > Number(index)) index = answer.index;
    }
  }
  return latenciesMs.toSorted((a, b) => a - b)[Math.floor(latenciesMs.length * 0.99)] ?? Number.NaN;
}

async function rate(operations: number, run: (i: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const startedAt = performance.now();
  const work = async (): Promise<void> => {
    while (next < operations) {
      next += 1;
      await run(next - 1);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return (operations / (performance.now() - startedAt)) * 1_000;
}

/** Durable, through its HTTP gateway; undefined where it is not installed. */
async function measureEtcd({
  rounds,
  operations,
}: Pick<ConsulBenchOptions, 'rounds' | 'operations'>): Promise<{ puts: number; gets: number } | undefined> {
  if (findProgram('etcd') === undefined) return undefined;
  await using etcd = await startEtcd({ isDurable: true });
  const ask = openClient(Number(new URL(etcd.endpoint).port), IN_FLIGHT);
  const keyOf = (i: number): string => Buffer.from(`key/${i % Math.min(operations, 10_000)}`).toString('base64');
  const value = Buffer.from(VALUE).toString('base64');
  const [puts, gets]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    puts.push(await rate(operations, (i) => ask('POST', '/v3/kv/put', JSON.stringify({ key: keyOf(i), value }))));
    gets.push(await rate(operations, (i) => ask('POST', '/v3/kv/range', JSON.stringify({ key: keyOf(i) }))));
  }
  return { puts: medianOf(puts), gets: medianOf(gets) };
}

if (import.meta.main) {
  const rounds = 5;
  const results = await runBench({ rounds, watchers: 1_000, changes: 10, operations: 20_000 });
  const notes = {
    watchers: 'with one client process of Node.js, which reads the 1,000 answers one after the other',
    etcd:
      findProgram('etcd') === undefined ? 'absent: apt-get install etcd-server' : 'of Debian, with fsync, over /v3/kv',
  };
  printBench({ bench: 'consul', rounds, results, notes });
}
