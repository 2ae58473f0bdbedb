/** Calls of every kind that is answered once, made by clients in a world with faults. */
import { randomInteger, sleep } from '@plumb/base';
import { hasNotRun } from '../src/index.ts';
import { explain, type FaultClient, plan, track } from './fault-client.ts';
import { isFillerOf } from './fault-items.ts';
import { planItems, produce } from './fault-streams.ts';

export async function callWork(client: FaultClient, kind: 'once' | 'safe'): Promise<void> {
  const { random, ledger, tasks } = client;
  const call = ledger.nextCall();
  const what = `${kind} ${call}`;
  const { options } = plan(client, what);
  const sizeBytes = random.float() < 0.1 ? randomInteger(random, 0, 60_000) : randomInteger(random, 0, 200);
  const failure = random.float() < 0.15 ? (['conflict', 'unavailable', 'exhausted'] as const)[call % 3] : undefined;
  const input = {
    call,
    sizeBytes,
    delayMs: random.float() < 0.5 ? 0 : randomInteger(random, 1, 3_000),
    isDeaf: random.float() < 0.1,
    ...(failure !== undefined && { failure }),
  };
  try {
    const answering = random.float() < 0.8 ? tasks[kind](input, options) : askWork(client, kind, { input, options });
    const answer = await track(client, what, options, answering);
    const isRight = answer.call === call && isFillerOf(answer.filler, call, sizeBytes) && failure === undefined;
    ledger.check(isRight && ledger.runsOf(call) > 0, () => `${what} was answered with ${answer.call}`);
    ledger.count(`${kind}: ok`);
  } catch (error) {
    explain(client, what, error, failure === undefined ? [] : [failure]);
    // Said of a call that had no effect. It must stay so.
    if (hasNotRun(error)) ledger.checkNeverRan(call, what);
  }
}

type Answered = Awaited<ReturnType<FaultClient['tasks']['once']>>;

/** As one does who does not know whether there is a stream. Such a call has no key, and is not made again. */
async function askWork(
  { connection, ledger }: FaultClient,
  kind: 'once' | 'safe',
  { input, options }: { readonly input: unknown; readonly options: object },
): Promise<Answered> {
  const answer = await connection.ask(`faults.${kind}`, input, options);
  if (answer.kind === 'value') return answer.value as Answered;
  ledger.fault(`${kind} was answered with a stream`);
  return { call: 0, filler: new Uint8Array() };
}

export async function callHop(client: FaultClient): Promise<void> {
  const { random, ledger, tasks } = client;
  const [call, inner] = [ledger.nextCall(), ledger.nextCall()];
  const what = `hop ${call}`;
  const { options } = plan(client, what);
  try {
    const input = { call, inner, passesSignal: random.float() < 0.5 };
    const answer = await track(client, what, options, tasks.hop(input, options));
    ledger.check(answer.call === inner, () => `${what} was answered with ${answer.call}, not ${inner}`);
    ledger.count('hop: ok');
  } catch (error) {
    explain(client, what, error);
    if (hasNotRun(error)) ledger.checkNeverRan(call, what);
  }
}

export async function callHang(client: FaultClient): Promise<void> {
  const call = client.ledger.nextCall();
  const what = `hang ${call}`;
  const { options } = plan(client, what, { isPatient: false });
  try {
    await track(client, what, options, client.tasks.hang({ call }, options));
    client.ledger.fault(`${what} was answered`);
  } catch (error) {
    explain(client, what, error);
  }
}

export async function callSum(client: FaultClient): Promise<void> {
  const { tasks, ledger, random } = client;
  const call = ledger.nextCall();
  const what = `sum ${call}`;
  const items = planItems(random);
  const { options } = plan(client, what);
  const delayMs = random.float() < 0.3 ? randomInteger(random, 1, 40) : 0;
  const input = { call, count: items.count, delayMs, items: produce(client, what, items) };
  try {
    const sum = await track(client, what, options, tasks.sum(input, options));
    ledger.check(sum === items.count, () => `${what} was answered with ${sum}, not ${items.count}`);
    ledger.count('sum: ok');
  } catch (error) {
    explain(client, what, error);
  }
}

export async function callEach(client: FaultClient): Promise<void> {
  const { tasks, ledger, random, process } = client;
  const call = ledger.nextCall();
  const what = `each ${call}`;
  const { options } = plan(client, what);
  const count = randomInteger(random, 0, 20);
  const isParallel = random.float() < 0.5;
  const pauseMs = random.float() < 0.5 ? 0 : randomInteger(random, 1, 100);
  const visited = new Set<number>();
  let isOver = false;
  const visit = async (n: number): Promise<number> => {
    ledger.check(!isOver, () => `${what} has ended, and its callback was called with ${n}`);
    ledger.check(!visited.has(n), () => `${what}: its callback was called twice with ${n}`);
    ledger.check(isParallel || n === visited.size, () => `${what}: its callback got ${n} after ${visited.size} calls`);
    visited.add(n);
    if (pauseMs > 0) await sleep(process.clock, pauseMs);
    return 2 * n;
  };
  const input = { call, count, isParallel, delayMs: random.float() < 0.3 ? 10 : 0, visit };
  try {
    const answer = await track(client, what, options, tasks.each(input, options));
    ledger.check(answer === count && visited.size === count, () => `${what} ended after ${visited.size} of ${count}`);
    ledger.count('each: ok');
  } catch (error) {
    explain(client, what, error);
  } finally {
    isOver = true;
  }
}
