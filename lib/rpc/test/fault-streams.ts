/** Streams that clients read, and that they give to calls, in a world with faults. */
import { type Random, randomInteger, sleep } from '@plumb/base';
import { explain, type FaultClient, plan, track } from './fault-client.ts';
import { type FaultItem, isFillerOf, itemsOf } from './fault-items.ts';

/** Of a reader, so that slow ones end in bounded time too. */
const PAUSES_MAX = 30;
/** Items of a stream without end. */
const ENDLESS = 1_000_000_000;

export type StreamPlan = { readonly count: number; readonly sizeBytes: number; readonly delayMs: number };

/** Mostly short; some longer than the window, in items or in bytes. */
export function planItems(random: Random): StreamPlan {
  const draw = random.float();
  if (draw < 0.08) return { count: randomInteger(random, 500, 1_100), sizeBytes: 0, delayMs: 0 };
  if (draw < 0.16)
    return { count: randomInteger(random, 50, 130), sizeBytes: randomInteger(random, 9_000, 20_000), delayMs: 0 };
  return {
    count: randomInteger(random, 0, 60),
    sizeBytes: randomInteger(random, 0, 100),
    delayMs: randomInteger(random, 0, 80),
  };
}

/** Whose reader leaves it. */
function planEndless(random: Random): StreamPlan {
  const plan = planItems(random);
  return random.float() < 0.1 ? { ...plan, count: ENDLESS } : plan;
}

export async function readCount(client: FaultClient): Promise<void> {
  const { tasks, ledger, random } = client;
  const call = ledger.nextCall();
  const items = planEndless(random);
  const input = { call, ...items };
  const isAsked = random.float() < 0.2;
  await read(client, { what: `count ${call}`, ...items }, (options) =>
    isAsked ? askCount(client, input, options) : tasks.count(input, options),
  );
}

async function* askCount(
  { connection, ledger }: FaultClient,
  input: object,
  options: object,
): AsyncGenerator<FaultItem> {
  const answer = await connection.ask('faults.count', input, options);
  if (answer.kind === 'stream') yield* answer.items as AsyncIterableIterator<FaultItem>;
  else ledger.fault('a stream was answered with a value');
}

export async function readRelay(client: FaultClient): Promise<void> {
  const { tasks, ledger, random } = client;
  const call = ledger.nextCall();
  const plan = planEndless(random);
  const what = `relay ${call}`;
  await read(client, { what, ...plan }, (options) =>
    tasks.relay({ call, count: plan.count, items: produce(client, what, plan) }, options),
  );
}

type Reading = { readonly what: string; readonly count: number; readonly sizeBytes: number };

/** Reads a stream at some pace, and leaves some early. */
async function read(
  client: FaultClient,
  { what, count, sizeBytes }: Reading,
  open: (options: object) => AsyncIterable<FaultItem>,
): Promise<void> {
  const { random, ledger, process } = client;
  const { options, signal } = plan(client, what);
  const isLeft = random.float() < 0.2 || count === ENDLESS;
  const leaveAfter = isLeft ? randomInteger(random, 0, Math.min(count, 700)) : Infinity;
  const wantedCount = Math.min(count, leaveAfter);
  const pauseEvery =
    random.float() < 0.5 ? Infinity : 1 + Math.ceil(wantedCount / randomInteger(random, 1, PAUSES_MAX));
  let next = 0;
  client.pending.add(`the reader of ${what}`);
  try {
    const iterator = open(options)[Symbol.asyncIterator]();
    // Only the first item has a deadline.
    let result = await track(client, `${what}, first item`, options, iterator.next());
    for (; result.done !== true; result = await track(client, what, { signal, timeoutMs: Infinity }, iterator.next())) {
      const { n, filler } = result.value;
      const isRight = n === next && isFillerOf(filler, n, sizeBytes);
      ledger.check(isRight, () => `${what} has ${n} in place of ${next}`);
      next = n + 1;
      if (next > leaveAfter) {
        await iterator.return?.();
        return ledger.count(`${what.split(' ')[0]}: left`);
      }
      if (next % pauseEvery === 0) await sleep(process.clock, randomInteger(random, 1, 300));
    }
    ledger.check(next === count, () => `${what} of ${count} ended after ${next} in good order`);
    ledger.count(`${what.split(' ')[0]}: ok`);
  } catch (error) {
    explain(client, what, error);
  } finally {
    client.pending.delete(`the reader of ${what}`);
  }
}

/** A stream that a call is given. */
export async function* produce(
  { ledger, process, name }: FaultClient,
  what: string,
  { count, sizeBytes, delayMs }: StreamPlan,
): AsyncGenerator<FaultItem> {
  const generator = ledger.open(`the producer of ${what}`, name);
  try {
    yield* itemsOf({ count, sizeBytes, delayMs, clock: process.clock });
  } finally {
    generator.close();
  }
}
