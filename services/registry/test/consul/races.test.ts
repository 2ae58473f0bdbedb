// What happens between reading and writing: the store is changed by somebody else right before the door's transaction.
import type { Kv, Operation } from '@plumb/kv';
import { expect, test } from 'vitest';
import { type DoorWorld, openDoorWorld, statusAndBody } from './door-world.ts';

type Race = { before: ((kv: Kv) => Promise<unknown>) | undefined };

/** `race.before` runs once, when the next transaction on keys is about to be made. */
async function openRace(race: Race): Promise<DoorWorld> {
  const isOnKeys = (operation: Operation): boolean => 'key' in operation && operation.key.startsWith('consul/kv/');
  return openDoorWorld({
    wrap: (kv) => ({
      ...kv,
      transact: async (operations, options) => {
        const { before } = race;
        if (before !== undefined && operations.some(isOnKeys)) {
          race.before = undefined;
          await before(kv);
        }
        return kv.transact(operations, options);
      },
    }),
  });
}

async function createSession(world: DoorWorld): Promise<string> {
  return ((await world.json('PUT /v1/session/create', { body: {} })) as { ID: string }).ID;
}

test('a lock is not taken for a session that ends meanwhile', async () => {
  const race: Race = { before: undefined };
  await using world = await openRace(race);
  for (const take of ['PUT /v1/kv/a?acquire=', 'PUT /v1/txn']) {
    const session = await createSession(world);
    race.before = (kv) => kv.transact([{ kind: 'delete', key: `consul/session/${session}` }]);
    const isTxn = take.endsWith('txn');
    const answer = isTxn
      ? await world.ask(take, { body: [{ KV: { Verb: 'lock', Key: 'a', Session: session } }] })
      : await world.ask(`${take}${session}`);
    expect(statusAndBody(answer)).toContain(`invalid session`);
    expect(await world.kv.get('consul/kv/a')).toBeUndefined();
  }
});

test('a key that is changed meanwhile is read again, and only then decided on', async () => {
  const race: Race = { before: undefined };
  await using world = await openRace(race);
  await world.ask('PUT /v1/kv/a', { body: '1' });
  const { headers } = await world.ask('GET /v1/kv/a');
  const other = await createSession(world);
  // Somebody else takes the lock, by the door of another process.
  race.before = () => world.ask(`PUT /v1/kv/a?acquire=${other}`, { body: '2' });
  const index = Number(headers['x-consul-index']);
  const answer = await world.ask('PUT /v1/txn', { body: [{ KV: { Verb: 'cas', Key: 'a', Index: index } }] });
  expect(answer.status).toBe(409);
  expect(await world.json('GET /v1/kv/a')).toMatchObject([{ Session: other, LockIndex: 1 }]);
});

test('a tree that is read in a transaction is that of the moment in which it writes', async () => {
  const race: Race = { before: undefined };
  await using world = await openRace(race);
  const tree = async (before: Race['before']): Promise<unknown> => {
    await world.ask('DELETE /v1/kv/?recurse');
    for (const key of ['dir/a', 'dir/b']) await world.ask(`PUT /v1/kv/${key}`, { body: '1' });
    race.before = before;
    const body = [{ KV: { Verb: 'get-tree', Key: 'dir/' } }, { KV: { Verb: 'set', Key: 'seen' } }];
    const { Results } = (await world.json('PUT /v1/txn', { body })) as { Results: { KV: { Key: string } }[] };
    return Results.map(({ KV }) => KV.Key);
  };
  expect(await tree(undefined)).toEqual(['dir/a', 'dir/b', 'seen']);
  expect(await tree(() => world.ask('PUT /v1/kv/dir/c'))).toEqual(['dir/a', 'dir/b', 'dir/c', 'seen']);
  expect(await tree(() => world.ask('DELETE /v1/kv/dir/a'))).toEqual(['dir/b', 'seen']);
});

test('what is changed all the time is given up on', async () => {
  const race: Race = { before: undefined };
  await using world = await openRace(race);
  const again = async (kv: Kv): Promise<void> => {
    await kv.transact([
      { kind: 'delete', key: 'consul/kv/a' },
      { kind: 'put', key: 'consul/kv/a', value: VALUE },
    ]);
    race.before = again;
  };
  race.before = again;
  const answer = await world.ask('PUT /v1/txn', { body: [{ KV: { Verb: 'set', Key: 'a', Value: 'eA==' } }] });
  expect(statusAndBody(answer)).toBe('409 what the transaction reads is changed by others all the time: try again');
});

/** Version 1, no flags, no lock, no session, no value. */
const VALUE = Uint8Array.from({ length: 18 }, (_, i) => (i === 0 ? 1 : 0));
