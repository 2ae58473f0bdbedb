// Goal: replicas of a service may be killed, started again and held up while they are called. Method: three processes
// over ZeroMQ with CURVE, which write down what they ran.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { OperatingError, silentLog, systemClock, systemRandom } from '@plumb/base';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import {
  type BalancedConnection,
  createClient,
  type Client,
  type Endpoint,
  openBalancedConnection,
} from '../src/index.ts';
import { generateKeyPair, openZeromqChannel } from '../src/node.ts';
import { replicaContract } from './replica-contract.ts';

const IN_FLIGHT = 64;
const IDS = ['a', 'b', 'c'] as const;

type Replicas = AsyncDisposable & {
  readonly connection: BalancedConnection;
  readonly tasks: Client<typeof replicaContract>;
  /** Starts the process of `id`, and says so to the connection. */
  readonly start: (id: string) => Promise<void>;
  /** Nobody tells the connection. */
  readonly kill: (id: string) => Promise<void>;
  readonly spin: (id: string, spinMs: number) => void;
  readonly stateOf: (id: string) => string | undefined;
  /** The lines that all processes of `id` wrote. */
  readonly runs: (id: string) => readonly string[];
};

async function openReplicas(): Promise<Replicas> {
  await using opening = new AsyncDisposableStack();
  const directory = opening.use(await openTemporaryDirectory());
  const [serverKeys, keys] = [generateKeyPair(), generateKeyPair()];
  const children = new Map<string, ChildProcess>();
  const endpoints = new Map<string, Endpoint>();
  let changed = Promise.withResolvers<void>();
  const tell = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const kill = async (id: string): Promise<void> => {
    const child = children.get(id);
    children.delete(id);
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  opening.defer(async () => void (await Promise.all([...children.keys()].map(kill))));
  const connection = opening.use(
    openBalancedConnection({
      service: 'tasks',
      async *resolver(_service, signal) {
        while (!signal.aborted) {
          const next = changed.promise;
          yield [...endpoints.values()];
          await next;
        }
      },
      open: ({ address, serverKey = '' }, signal) => openZeromqChannel({ address, curve: { keys, serverKey }, signal }),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    }),
  );
  opening.defer(tell);
  const fileOf = (id: string): string => `${directory.path}/${id}`;
  const open = opening.move();
  return {
    connection,
    tasks: createClient(replicaContract, 'tasks', connection),
    kill,
    async start(id) {
      const given = JSON.stringify({ keys: serverKeys, caller: keys.publicKey });
      const child = fork(new URL('replica-process.ts', import.meta.url), [given, fileOf(id)]);
      children.set(id, child);
      const [address] = (await once(child, 'message')) as [string];
      endpoints.set(id, { id, address, serverKey: serverKeys.publicKey });
      tell();
    },
    spin: (id, spinMs) => void children.get(id)?.send({ spinMs }),
    stateOf: (id) => connection.state().find((state) => state.id === id)?.state,
    runs: (id) => fs.readFileSync(fileOf(id), 'utf8').split('\n').slice(0, -1),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function openAll(replicas: Replicas): Promise<void> {
  await Promise.all(IDS.map(replicas.start));
  await until('all replicas to be connected', () => IDS.every((id) => replicas.stateOf(id) === 'open'));
}

type Outcome = { readonly kind: 'safe' | 'once'; readonly id: number; readonly answer: unknown };

type Load = AsyncDisposable & { readonly outcomes: Outcome[]; readonly stop: () => Promise<void> };

/** Callers that each make one call after the other, every eighth of them `once`. Ids are not used twice. */
function startLoad({ tasks }: Replicas, inFlight: number): Load {
  const outcomes: Outcome[] = [];
  let isStopped = false;
  let lastId = 0;
  const callers = Array.from({ length: inFlight }, async () => {
    while (!isStopped) {
      lastId += 1;
      const id = lastId;
      const kind = id % 8 === 0 ? 'once' : 'safe';
      const answer = await tasks[kind]({ id }, { timeoutMs: 60_000 }).catch((error: unknown) => error);
      outcomes.push({ kind, id, answer });
    }
  });
  const stop = async (): Promise<void> => {
    isStopped = true;
    await Promise.all(callers);
  };
  return { outcomes, stop, [Symbol.asyncDispose]: stop };
}

test('kill -9 of one replica, its return, and kill -9 of another fail no idempotent call, and run no other twice', async () => {
  await using replicas = await openReplicas();
  await openAll(replicas);
  await using load = startLoad(replicas, IN_FLIGHT);
  const more = async (count: number): Promise<unknown> => {
    const goal = load.outcomes.length + count;
    return until('more answers', () => load.outcomes.length >= goal);
  };
  await more(2_000);
  await replicas.kill('a');
  await more(2_000);
  await replicas.start('a');
  await until('the first to be back', () => replicas.stateOf('a') === 'open');
  const before = replicas.runs('a').length;
  await until('the first to be used', () => replicas.runs('a').length > before + 200);
  await replicas.kill('b');
  await more(2_000);
  await load.stop();

  const runs = IDS.flatMap(replicas.runs);
  const countOf = (run: string): number => countedRuns.get(run) ?? 0;
  const countedRuns = new Map<string, number>();
  for (const run of runs) countedRuns.set(run, countOf(run) + 1);
  const failed = load.outcomes.filter(({ answer }) => answer instanceof OperatingError);
  expect(failed.filter(({ kind }) => kind === 'safe')).toEqual([]);
  for (const { kind, id, answer } of load.outcomes) {
    if (answer instanceof OperatingError) expect(answer).toMatchObject({ code: 'unavailable' });
    else expect(answer).toBe(id * 2);
    if (kind === 'once') expect(countOf(`once ${id}`)).toBeLessThanOrEqual(1);
    if (!(answer instanceof OperatingError)) expect(countOf(`${kind} ${id}`)).toBeGreaterThanOrEqual(1);
  }
});

test('a replica whose event loop is held up gets no calls while others are free, and is used again afterwards', async () => {
  await using replicas = await openReplicas();
  await openAll(replicas);
  await using load = startLoad(replicas, 2);
  await until('each to be used', () => IDS.every((id) => replicas.runs(id).length > 50));
  replicas.spin('b', 2_000);
  await until('it to be held up', () => replicas.runs('b').includes('spin'));
  const answered = load.outcomes.length;
  let inFlightMax = 0;
  await until('it to go on', () => {
    const state = replicas.connection.state().find(({ id }) => id === 'b');
    inFlightMax = Math.max(inFlightMax, state?.inFlight ?? 0);
    return replicas.runs('b').includes('spun');
  });
  // Of the two callers one may wait there; the other always finds somebody who has nothing to do.
  expect(inFlightMax).toBeLessThanOrEqual(1);
  expect(load.outcomes.length - answered).toBeGreaterThan(200);
  await until('it to be used again', () => usedSince(replicas.runs('b'), 'spun') > 50);
  await load.stop();
  expect(load.outcomes.filter(({ id, answer }) => answer !== id * 2)).toEqual([]);
});

test('a replica that is busy gets none of 64 callers, whose calls to it are answered when it comes back', async () => {
  await using replicas = await openReplicas();
  await openAll(replicas);
  await using load = startLoad(replicas, IN_FLIGHT);
  await until('each to be used', () => IDS.every((id) => replicas.runs(id).length > 50));
  replicas.spin('b', 6_000);
  const inFlight = (): number => replicas.connection.state().find(({ id }) => id === 'b')?.inFlight ?? 0;
  await until('it to be busy', () => replicas.stateOf('b') === 'busy');
  const stuck = inFlight();
  // It keeps what it got before, and that is never given back: up to about half.
  expect(stuck).toBeLessThan(IN_FLIGHT * 0.75);
  const answered = load.outcomes.length;
  await until('others to answer', () => load.outcomes.length > answered + 1_000);
  if (replicas.stateOf('b') === 'busy') expect(inFlight()).toBe(stuck);
  await until('it to be open', () => replicas.stateOf('b') === 'open');
  await until('it to be used again', () => usedSince(replicas.runs('b'), 'spun') > stuck + 200);
  await load.stop();
  expect(load.outcomes.filter(({ id, answer }) => answer !== id * 2)).toEqual([]);
});

function usedSince(runs: readonly string[], line: string): number {
  return runs.length - 1 - runs.indexOf(line);
}
