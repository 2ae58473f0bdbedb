/** The events service over a store in memory, with everything around it turned by hand. */
import { seededRandom, silentLog } from '@plumb/base';
import { createMemoryEngine, type Kv, type MemoryRecords, openKv } from '@plumb/kv';
import { connectInProcess } from '@plumb/rpc';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import { type EventsClient, eventsContract } from '../src/index.ts';
import { type Events, openEvents } from '../src/server.ts';
import { createTestConfig, createTestDeploy } from './test-world.ts';

export type EventsWorld = AsyncDisposable & {
  readonly clock: FakeClock;
  readonly config: ReturnType<typeof createTestConfig>;
  readonly deploy: ReturnType<typeof createTestDeploy>;
  readonly client: EventsClient;
  readonly events: Events;
};

/** `records` and `clock` of an earlier world make this one its restart. */
export async function openEventsWorld({
  settings = {},
  records,
  clock = createFakeClock(),
  smtpPassword,
}: {
  settings?: Record<string, unknown>;
  records?: MemoryRecords;
  clock?: FakeClock;
  smtpPassword?: string;
} = {}): Promise<EventsWorld> {
  const kv: Kv = await openKv(createMemoryEngine(records), { clock });
  const config = createTestConfig(settings);
  const deploy = createTestDeploy();
  const events = await openEvents({
    kv,
    config: config.client,
    clock,
    random: seededRandom(1),
    log: silentLog,
    smtpPassword,
    consoleUrl: () => 'http://127.0.0.1:7700',
    hostName: 'host1',
  });
  events.observe(deploy.client);
  const client = connectInProcess(eventsContract, events.handlers, { id: 'ann', scopes: ['*'] });
  return {
    clock,
    config,
    deploy,
    client,
    events,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await events[Symbol.asyncDispose]();
      await kv[Symbol.asyncDispose]();
    },
  };
}
