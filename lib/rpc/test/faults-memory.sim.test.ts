// Goal: what calls, connections and faults have cost is given back. Method: schedules of faults; V8 counts the objects that
// stand for calls when all is quiet, and the heap of servers that go on is measured while clients come and go.
import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, test, vi } from 'vitest';
import { CallStubs } from '../src/call-stubs.ts';
import { ClientSession } from '../src/client-session.ts';
import { FeedCursor } from '../src/feed-cursor.ts';
import { OutgoingCalls } from '../src/outgoing-calls.ts';
import { ServedCall } from '../src/served-call.ts';
import { StreamReader } from '../src/stream-reader.ts';
import { endWorld, forgetEnded } from './fault-end.ts';
import { runSchedule, Schedule, watchRejections } from './fault-schedule.ts';
import type { FaultWorld } from './fault-world.ts';

vi.mock('node:net', async () => (await import('./fault-net.ts')).mocked);

const IS_SOAK = process.env['FUZZ_SECONDS'] !== undefined;
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const QUIET_ROUNDS = IS_SOAK ? 200 : 3;
/** Each is a schedule of the same world. */
const HEAP_ROUNDS = IS_SOAK ? 3_000 : 60;
const HEAP_WARM_UP_ROUNDS = IS_SOAK ? 300 : 30;
/** What is used for the first time takes some. A call that is kept takes about 2 KiB, and a round has 30 of them. */
const HEAP_GROWTH_BYTES_MAX = 2 * 2 ** 20;
const TIMEOUT_MS = 60_000 + (QUIET_ROUNDS + HEAP_ROUNDS) * 1_000;

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;

/** Collects garbage first. */
function countOf(constructor: object): number {
  return v8.queryObjects(constructor as Parameters<typeof v8.queryObjects>[0], { format: 'count' });
}

test(
  `when all is quiet, what stands for calls is gone, and connections stay (${QUIET_ROUNDS} schedules)`,
  async () => {
    const faults: string[] = [];
    const onQuiet = ({ clients }: FaultWorld): void => {
      // A subscription is one stream, which goes on.
      const subscriptions = [...clients.values()].reduce((sum, client) => sum + client.subscriptions.length, 0);
      const expected = new Map<object, number>([
        [CallStubs, 0],
        [ServedCall, subscriptions],
        [StreamReader, subscriptions],
        [FeedCursor, subscriptions],
      ]);
      for (const [constructor, count] of expected) {
        const { name } = constructor as { readonly name: string };
        if (countOf(constructor) !== count) faults.push(`${countOf(constructor)} ${name} in place of ${count}`);
      }
    };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + QUIET_ROUNDS; seed += 1) {
      const result = await runSchedule(seed, { onQuiet });
      expect([...result.faults, ...faults], `seed ${seed}\n${result.steps.join('\n')}`).toEqual([]);
    }
    for (const constructor of [ClientSession, OutgoingCalls, ServedCall, StreamReader]) {
      expect(countOf(constructor), constructor.name).toBe(0);
    }
  },
  TIMEOUT_MS,
);

test(
  `the memory of servers does not grow while clients come and go (${HEAP_ROUNDS} schedules)`,
  async () => {
    const schedule = new Schedule(FIRST_SEED, { keepsServers: true, plan: { serverCount: 2, clientCount: 2 } });
    const { world, steps } = schedule;
    using _watch = watchRejections(world);
    await schedule.start();
    const round = async (): Promise<void> => {
      await schedule.trouble();
      await schedule.settle();
      for (const client of world.clients.values()) world.endClient(client);
      await forgetEnded(world);
      expect(world.ledger.faults, `seed ${FIRST_SEED}\n${steps.join('\n')}`).toEqual([]);
      world.ledger.forgetRuns();
      steps.length = 0;
      for (const host of world.clientHosts) world.startClient(host);
    };
    const heapBytes = async (): Promise<number> => {
      // What weak references and finalizers keep goes a turn after what they depend on.
      for (let i = 0; i < 5; i += 1) {
        collectGarbage();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      // Not the code, which grows as long as V8 finds something to make faster.
      const spaces = v8
        .getHeapSpaceStatistics()
        .filter(({ space_name }) => !/code|trusted|shared|read_only/.test(space_name));
      return process.memoryUsage().arrayBuffers + spaces.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
    };
    for (let i = 0; i < HEAP_WARM_UP_ROUNDS; i += 1) await round();
    const before = await heapBytes();
    for (let i = HEAP_WARM_UP_ROUNDS; i < HEAP_ROUNDS; i += 1) await round();
    const grownBytes = (await heapBytes()) - before;
    process.stdout.write(
      `heap: ${before} bytes after ${HEAP_WARM_UP_ROUNDS} schedules, and ${grownBytes} more at the end\n`,
    );
    expect(grownBytes).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
    await endWorld(world);
    expect(world.ledger.faults).toEqual([]);
  },
  TIMEOUT_MS,
);
