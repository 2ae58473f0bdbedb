// A watch on a clock that the test moves, with a door to knock at that the test answers for.
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { HEARTBEAT_MS } from './heartbeat.ts';
import type { KnockEvents } from './knock.ts';
import { BUSY_MAX_MS, watchPeer } from './peer-watch.ts';

type World = {
  /** Ends of seconds, with a sign of life in each or without. */
  readonly seconds: (count: number, isHeard?: boolean) => Promise<void>;
  readonly heard: () => void;
  readonly liveness: () => string;
  readonly changes: string[];
  readonly counts: { pings: number; knocks: number; openKnocks: number };
  readonly knock: () => KnockEvents;
  /** Why it is dead. */
  readonly deaths: string[];
};

function openWorld(side: 'client' | 'server'): World {
  const clock = createFakeClock();
  const counts = { pings: 0, knocks: 0, openKnocks: 0 };
  const deaths: string[] = [];
  const changes: string[] = [];
  let events: KnockEvents | undefined;
  const client = {
    ping: () => (counts.pings += 1),
    knock(given: KnockEvents): Disposable {
      events = given;
      counts.knocks += 1;
      counts.openKnocks += 1;
      return { [Symbol.dispose]: () => (counts.openKnocks -= 1) };
    },
  };
  const dead = ({ code, message }: { code: string; message: string }): void => void deaths.push(`${code}: ${message}`);
  const watch = watchPeer({ clock, client: side === 'client' ? client : undefined, dead });
  watch.onLiveness((liveness) => changes.push(liveness));
  return {
    changes,
    counts,
    deaths,
    heard: watch.heard,
    liveness: watch.liveness,
    knock() {
      if (events === undefined) throw new Error('nobody knocked');
      return events;
    },
    async seconds(count, isHeard = false) {
      for (let i = 0; i < count; i += 1) {
        await clock.advance(HEARTBEAT_MS);
        if (isHeard) watch.heard();
      }
    },
  };
}

test('who answers is alive, and is asked each second; nobody knocks', async () => {
  const world = openWorld('client');
  await world.seconds(400, true);
  expect(world.counts).toEqual({ pings: 400, knocks: 0, openKnocks: 0 });
  expect([world.liveness(), world.changes, world.deaths]).toEqual(['alive', [], []]);
});

test('who does not answer is knocked at, is busy where the knock is taken, and alive when it answers', async () => {
  const world = openWorld('client');
  await world.seconds(1);
  expect(world.counts).toEqual({ pings: 1, knocks: 0, openKnocks: 0 });
  await world.seconds(1);
  expect([world.liveness(), world.counts.openKnocks]).toEqual(['alive', 1]);
  world.knock().onReached();
  await world.seconds(60);
  // However long it lasts, one ping and one knock are on their way.
  expect(world.counts).toEqual({ pings: 1, knocks: 1, openKnocks: 1 });
  expect(world.liveness()).toBe('busy');
  world.knock().onAnswered();
  world.heard();
  expect([world.changes, world.counts.openKnocks]).toEqual([['busy', 'alive'], 0]);
  // An answered knock of the past says nothing about the next silence.
  await world.seconds(2);
  world.knock().onReached();
  await world.seconds(80);
  expect([world.liveness(), world.deaths]).toEqual(['busy', []]);
});

test('who takes no knock is dead, at first and also after a while', async () => {
  const check = async (seconds: number, why: string): Promise<void> => {
    const world = openWorld('client');
    await world.seconds(2);
    if (seconds > 2) world.knock().onReached();
    await world.seconds(seconds - 2);
    world.knock().onGone(why);
    expect(world.deaths).toEqual([`unavailable: no sign of life came for over ${seconds - 1} s, and ${why}`]);
    await world.seconds(500);
    expect(world.deaths).toHaveLength(1);
    expect(world.counts).toMatchObject({ pings: 1, openKnocks: 0 });
  };
  await check(2, 'tcp://10.0.0.1:7701 is gone (ECONNREFUSED)');
  await check(30, 'the connection that knocked was lost (ETIMEDOUT)');
});

test('who answers knocks and nothing else has a broken connection', async () => {
  const world = openWorld('client');
  await world.seconds(10);
  world.knock().onReached();
  world.knock().onAnswered();
  await world.seconds(4);
  expect(world.deaths).toEqual([]);
  await world.seconds(1);
  expect(world.deaths).toEqual(['unavailable: the other side answers others: this connection is broken']);
  expect(world.counts.openKnocks).toBe(0);
});

test('nobody is busy for ever, on either side', async () => {
  for (const side of ['client', 'server'] as const) {
    const world = openWorld(side);
    await world.seconds(2);
    if (side === 'client') world.knock().onReached();
    await world.seconds(BUSY_MAX_MS / HEARTBEAT_MS - 2);
    expect([world.liveness(), world.deaths]).toEqual(['busy', []]);
    await world.seconds(1);
    expect(world.deaths).toEqual(['unavailable: no sign of life came for 300000 ms, the most that is waited']);
  }
});

test('a server asks nobody: a client that is silent for three of its pings is busy', async () => {
  const world = openWorld('server');
  await world.seconds(3);
  expect(world.liveness()).toBe('alive');
  await world.seconds(1);
  expect([world.liveness(), world.counts.pings]).toEqual(['busy', 0]);
  world.heard();
  expect(world.changes).toEqual(['busy', 'alive']);
});
