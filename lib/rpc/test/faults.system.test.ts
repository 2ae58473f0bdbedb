// Goal: what the simulation of faults shows is so with real sockets and processes. Method: processes that are killed and
// stopped by signals, and a proxy that cuts connections after any number of bytes.
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { OperatingError, randomInteger, seededRandom, silentLog, systemClock } from '@plumb/base';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import {
  type Accept,
  type Caller,
  type Channel,
  type Connection,
  type Contract,
  createConnection,
  createDispatcher,
  createObjectClient,
  type ObjectClient,
  openConnection,
  withOptions,
} from '../src/index.ts';
import { openZeromqChannel } from '../src/node.ts';
import { type FaultMethods, HANG_CALLS, isLarge, LARGE_CALLS, type Told } from './fault-methods.ts';
import { listen, portOf, TOKEN } from './open-zeromq.ts';
import { openProxy } from './tcp-proxy.ts';

const IS_SOAK = process.env['FUZZ_SECONDS'] !== undefined;
const KILLS = IS_SOAK ? 20 : 4;
const CUTS = 200;
/** Rounds of cuts at a time: each waits for 0.1 s before it connects again. */
const CUTS_AT_A_TIME = 10;
/** Another with `SEED=`. */
const SEED = Number(process.env['SEED'] ?? 1);
const MEBIBYTE = 2 ** 20;
/** 64 MiB that may be unread, as much in buffers below, and garbage. Without the bound it would be 1.6 GB. */
const UNREAD_GROWTH_BYTES_MAX = 400 * MEBIBYTE;
/** 1 MiB that a stream may be ahead, and what a garbage collector takes its time with. */
const STREAM_GROWTH_BYTES_MAX = 100 * MEBIBYTE;

const caller: Caller = { id: 'tester', scopes: ['*'] };

type Child = Disposable & {
  readonly process: ChildProcess;
  readonly told: Told[];
  /** The next of what it tells that is of this kind. */
  readonly hear: <K extends Told['kind']>(kind: K) => Promise<Extract<Told, { readonly kind: K }>>;
};

function start(...words: readonly string[]): Child {
  const child = fork(path.join(import.meta.dirname, 'fault-child.ts'), words);
  const told: Told[] = [];
  child.on('message', (message) => void told.push(message as Told));
  return {
    process: child,
    told,
    hear: <K extends Told['kind']>(kind: K) => {
      const from = told.length;
      const find = (): Told | undefined =>
        told.find((it, index) => it.kind === kind && (index >= from || kind === 'address'));
      return until(
        `the child ${words[0]} to tell "${kind}"`,
        () => find() as Extract<Told, { readonly kind: K }> | undefined,
        {
          timeoutMs: 60_000,
        },
      );
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}

async function openFaults(address: string): Promise<Disposable & { readonly faults: ObjectClient<FaultMethods> }> {
  const connection = createConnection(await openZeromqChannel({ address, token: TOKEN }));
  const faults = createObjectClient<FaultMethods>('faults', connection, { timeoutMs: 60_000 });
  return { faults, [Symbol.dispose]: connection.close };
}

test('kill -9 of a server amid answers of 4 MB: each call has all of its answer or fails at once, and the next server is found', async () => {
  const random = seededRandom(SEED);
  let address = '';
  using connection = openConnection({
    open: (signal) => openZeromqChannel({ address, token: TOKEN, signal }),
    clock: systemClock,
    random,
    log: silentLog,
  });
  const faults = createObjectClient<FaultMethods>('faults', connection, { timeoutMs: 60_000 });
  for (let round = 0; round < KILLS; round += 1) {
    using server = start('serve');
    address = (await server.hear('address')).address;
    let answered = 0;
    const call = async (n: number): Promise<string> => {
      const answer: unknown = await faults.large(n).catch((error: unknown) => error);
      if (answer instanceof OperatingError) return answer.code;
      answered += 1;
      return isLarge(answer, n) ? 'ok' : 'wrong';
    };
    const calls = Array.from({ length: 12 }, (_, n) => call(n));
    const killAfter = 1 + Math.floor(random.float() * 3);
    await until('some answers', () => answered >= killAfter, { periodMs: 1 });
    server.process.kill('SIGKILL');
    const killedAtMs = performance.now();
    const outcomes = await Promise.all(calls);
    expect(performance.now() - killedAtMs).toBeLessThan(5_000);
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'unavailable']));
  }
});

test(`${CUTS} connections that are cut after any number of bytes: idempotent calls succeed, others at most once, streams lose nothing unsaid`, async () => {
  const runs = new Map<string, number>();
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  const run = (name: string): string => {
    runs.set(name, (runs.get(name) ?? 0) + 1);
    return name.repeat(200);
  };
  const methods = {
    once: (name: string) => run(`once ${name}`),
    safe: (name: string) => run(`safe ${name}`),
    async *count(to: number) {
      for (let n = 0; n < to; n += 1) yield n;
    },
    async sum(numbers: AsyncIterable<number>) {
      let total = 0;
      for await (const n of numbers) total += n;
      return total;
    },
  };
  dispatcher.addObject('cuts', methods);
  await using server = await listen(['tcp://127.0.0.1:0'], dispatcher.accept, caller);
  const random = seededRandom(SEED);
  const faults: string[] = [];
  let lostCount = 0;
  const fails = (what: string, error: unknown): void => {
    if (error instanceof OperatingError && error.code === 'unavailable') lostCount += 1;
    else faults.push(`${what} failed with ${String(error)}`);
  };
  const read = async (items: AsyncIterable<number>, count: number, what: string): Promise<void> => {
    let next = 0;
    try {
      for await (const n of items) if (n !== next++) faults.push(`${what} has ${n} in place of ${next - 1}`);
      if (next !== count) faults.push(`${what} ended after ${next} of ${count} in good order`);
    } catch (error) {
      fails(what, error);
    }
  };

  const round = async (id: number): Promise<void> => {
    await using proxy = await openProxy({ host: '127.0.0.1', port: portOf(server.addresses[0]) });
    // From the greeting on; half of them while calls are under way.
    proxy.cutAfter(randomInteger(random, 1, id % 2 === 0 ? 400 : 60_000));
    const open = async (signal: AbortSignal): ReturnType<typeof openZeromqChannel> => {
      const opening = openZeromqChannel({ address: proxy.address, token: TOKEN, signal });
      await opening.catch(() => undefined);
      // The next one is whole.
      proxy.cutAfter(Infinity);
      return opening;
    };
    using connection: Connection = openConnection({ open, clock: systemClock, random, log: silentLog });
    const cuts = createObjectClient<typeof methods>('cuts', connection, { timeoutMs: 60_000 });
    const safe = withOptions(cuts, { idempotent: true });
    const calls = Array.from({ length: 8 }, async (_, n) => {
      const name = `${id}/${n}`;
      const answers = [
        safe
          .safe(name)
          .then((answer) => answer === `safe ${name}`.repeat(200) || faults.push(`safe ${name}: ${answer}`)),
        cuts.once(name).then(
          (answer) => answer === `once ${name}`.repeat(200) || faults.push(`once ${name}: ${answer}`),
          (error: unknown) => fails(`once ${name}`, error),
        ),
      ];
      await Promise.all(answers);
    });
    async function* numbers(): AsyncGenerator<number> {
      for (let n = 0; n < 50; n += 1) yield n;
    }
    const sum = cuts.sum(numbers()).then(
      (total) => total === 1_225 || faults.push(`sum ${id}: ${total}`),
      (error: unknown) => fails(`sum ${id}`, error),
    );
    await Promise.all([...calls, sum, read(cuts.count(2_000), 2_000, `count ${id}`)]);
    if ((await cuts.once(`${id}/last`)).length === 0) faults.push(`${id} did not come back`);
  };

  let nextRound = 0;
  const worker = async (): Promise<void> => {
    while (nextRound < CUTS) await round(nextRound++);
  };
  await Promise.all(Array.from({ length: CUTS_AT_A_TIME }, worker));
  expect(faults, `SEED=${SEED}`).toEqual([]);
  expect(lostCount).toBeGreaterThan(CUTS / 10);
  expect([...runs].filter(([, count]) => count > 1)).toEqual([]);
  await until('nothing to run any more', () => dispatcher.stats().every(({ inFlight }) => inFlight === 0));
});

test('a client that is stopped (SIGSTOP) amid a stream holds its server back, and loses nothing when it goes on', async () => {
  using server = start('serve');
  const { address } = await server.hear('address');
  using own = await openFaults(address);
  using reader = start('read', address);
  await reader.hear('read');
  const before = await own.faults.memory();
  reader.process.kill('SIGSTOP');
  // The server goes on with others meanwhile, more than once.
  let { rssBytes } = before;
  const startedAtMs = performance.now();
  await until('it to be stopped for a while', async () => {
    rssBytes = Math.max(rssBytes, (await own.faults.memory()).rssBytes);
    return performance.now() - startedAtMs > 3_000;
  });
  expect(rssBytes - before.rssBytes).toBeLessThan(STREAM_GROWTH_BYTES_MAX);
  reader.process.kill('SIGCONT');
  await reader.hear('read');
  await reader.hear('read');
  expect(reader.told.filter(({ kind }) => kind === 'lost')).toEqual([]);
});

test('a client that is stopped with 1.6 GB of answers to come is given up within bounded memory, and each of its calls ends', async () => {
  using server = start('serve');
  const { address } = await server.hear('address');
  using own = await openFaults(address);
  using client = start('ask', address);
  const before = await own.faults.memory();
  await client.hear('asked');
  client.process.kill('SIGSTOP');
  let { rssBytes } = before;
  const startedAtMs = performance.now();
  await until('it to be stopped for a while', async () => {
    rssBytes = Math.max(rssBytes, (await own.faults.memory()).rssBytes);
    return performance.now() - startedAtMs > 3_000;
  });
  expect(rssBytes - before.rssBytes).toBeLessThan(UNREAD_GROWTH_BYTES_MAX);
  client.process.kill('SIGCONT');
  const { outcomes } = await client.hear('ended');
  expect(outcomes).toHaveLength(LARGE_CALLS);
  expect(
    outcomes.filter((outcome) => outcome !== 'ok' && outcome !== 'unavailable' && outcome !== 'exhausted'),
  ).toEqual([]);
  expect(outcomes.filter((outcome) => outcome === 'ok').length).toBeLessThan(LARGE_CALLS / 2);
});

test(`a client that is killed with ${HANG_CALLS} calls under way leaves none of them running`, async () => {
  const signals = new Set<AbortSignal>();
  let abortedCount = 0;
  const contract = { hang: { input: v.any(), output: v.null() } } as const satisfies Contract;
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.add('faults', contract, {
    hang: async (_input, { signal }) => {
      signals.add(signal);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      abortedCount += 1;
      return null;
    },
  });
  const channels: Channel[] = [];
  const accept: Accept = (channel, who) => {
    channels.push(channel);
    dispatcher.accept(channel, who);
  };
  await using server = await listen(['tcp://127.0.0.1:0'], accept, caller);
  using client = start('hang', server.addresses[0] ?? '');
  await until('all calls to run', () => signals.size === HANG_CALLS);
  const inFlight = (): number => dispatcher.stats().find(({ method }) => method === 'faults.hang')?.inFlight ?? 0;
  expect(inFlight()).toBe(HANG_CALLS);
  client.process.kill('SIGKILL');
  await until('all calls to be aborted', () => abortedCount === HANG_CALLS);
  await until('none to be counted', () => inFlight() === 0);
  expect(channels.map(({ closed }) => closed.aborted)).toEqual([true]);
});
