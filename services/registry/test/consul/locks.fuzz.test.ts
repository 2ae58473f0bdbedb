import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DoorWorld, openDoorWorld } from './door-world.ts';

type Item = {
  readonly Key: string;
  readonly Value: string | null;
  readonly Session?: string;
  readonly LockIndex: number;
};

/** Few, so that requests meet. */
const key = fc.constantFrom('a', 'dir/b');
const slot = fc.nat({ max: 1 });
const operation = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), slot, behavior: fc.constantFrom('release', 'delete') }),
  fc.record({ kind: fc.constant('destroy' as const), slot }),
  fc.record({ kind: fc.constant('acquire' as const), slot, key }),
  fc.record({ kind: fc.constant('release' as const), slot, key }),
  fc.record({ kind: fc.constant('lock-in-txn' as const), slot, keys: fc.uniqueArray(key, { minLength: 1 }) }),
  fc.record({ kind: fc.constant('put' as const), key }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('expire' as const) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** What a request says; those that time is moved for are not awaited before others begin. */
async function run(world: DoorWorld, sessions: string[], operation: Operation): Promise<void> {
  switch (operation.kind) {
    case 'create': {
      const body = { TTL: '10s', LockDelay: '0s', Behavior: operation.behavior };
      const { ID: id } = (await world.json('PUT /v1/session/create', { body })) as { ID: string };
      sessions[operation.slot] = id;
      return;
    }
    case 'destroy':
      return void (await world.ask(`PUT /v1/session/destroy/${sessions[operation.slot] ?? 'none'}`));
    case 'acquire':
      return void (await world.ask(`PUT /v1/kv/${operation.key}?acquire=${sessions[operation.slot] ?? 'none'}`, {
        body: 'x',
      }));
    case 'release':
      return void (await world.ask(`PUT /v1/kv/${operation.key}?release=${sessions[operation.slot] ?? 'none'}`, {
        body: 'y',
      }));
    case 'lock-in-txn': {
      const body = operation.keys.map((Key) => ({
        KV: { Verb: 'lock', Key, Session: sessions[operation.slot] ?? 'none' },
      }));
      return void (await world.ask('PUT /v1/txn', { body }));
    }
    case 'put':
      return void (await world.ask(`PUT /v1/kv/${operation.key}`, { body: 'z' }));
    case 'delete':
      return void (await world.ask(`DELETE /v1/kv/${operation.key}`));
    case 'expire':
      return world.clock.advance(21_000);
  }
}

// Goal: however requests and ends of sessions interleave, no key is locked by a session that is gone, and what the store
// lists as held is what is held. Method: random requests, several at a time, and time that passes between them.
test('a lock never outlives its session', async () => {
  const rounds = fc.array(fc.array(operation, { minLength: 1, maxLength: 4 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(rounds, async (rounds) => {
      await using world = await openDoorWorld();
      const sessions: string[] = [];
      for (const slot of [0, 1]) await run(world, sessions, { kind: 'create', slot, behavior: 'release' });
      for (const round of rounds) await Promise.all(round.map((one) => run(world, sessions, one)));
      await world.clock.advance(0);
      const there = new Set(((await world.json('GET /v1/session/list')) as { ID: string }[]).map(({ ID }) => ID));
      const answer = await world.ask('GET /v1/kv/?recurse');
      const items = answer.status === 404 ? [] : (JSON.parse(String(answer.body)) as Item[]);
      const held = items.flatMap(({ Key, Session }) =>
        Session === undefined ? [] : [`consul/lock/${Session}/${Key}`],
      );
      expect(items.filter(({ Session }) => Session !== undefined && !there.has(Session))).toEqual([]);
      expect((await world.kv.list('consul/lock/')).entries.map((entry) => entry.key)).toEqual(held.toSorted());
      // Whoever comes next gets every lock that nobody holds.
      const { ID: id } = (await world.json('PUT /v1/session/create', { body: {} })) as { ID: string };
      for (const { Key, Session } of items) {
        expect(await world.json(`PUT /v1/kv/${Key}?acquire=${id}`)).toBe(Session === undefined);
      }
    }),
    { numRuns: 200 },
  );
});
