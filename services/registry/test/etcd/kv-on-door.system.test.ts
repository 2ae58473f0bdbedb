// Plumb's own client of etcd stands on the door, and passes the suite that it passes on a real etcd.
import { systemClock } from '@plumb/base';
import { openEtcdKv } from '@plumb/kv/etcd';
import { kvSuite } from '@plumb/testing';
import { afterAll, beforeAll, expect } from 'vitest';
import { type EtcdWorld, openEtcdWorld } from './etcd-world.ts';

let world: EtcdWorld;
beforeAll(async () => {
  // As many operations as the store takes.
  world = await openEtcdWorld({ txnOperationsMax: 1_024 });
});
afterAll(async () => {
  expect(world.logged).toEqual([]);
  await world[Symbol.asyncDispose]();
});

let prefixes = 0;
kvSuite(
  'the door of etcd',
  async () => {
    const prefix = `test-${(prefixes += 1)}/`;
    const credentials = { username: 'ada', password: 'all.secret' };
    return {
      open: () => openEtcdKv({ endpoints: [world.url], clock: systemClock, credentials, prefix }),
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
  {
    runs: 15,
    lacks: {
      fakeTime: 'leases end by the clock of the door',
      overlap: 'the door refuses a transaction that changes a key twice, as etcd does',
      longKeys: 'keys of the door are below a prefix, and theirs below another',
      order: 'requests that are under way together may overtake each other',
      freeLeases: 'ids of leases are numbers, and their times whole seconds',
      compaction: 'the history is that of the store behind the door',
      promptWatch: 'changes arrive when they arrive',
      ownRevisions: 'revisions are those of the store behind the door',
    },
  },
);
