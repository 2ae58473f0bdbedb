import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DoorWorld, openDoorWorld } from './door-world.ts';

/** Follows a query by its index until `signal` aborts, as clients do. */
async function follow(
  world: DoorWorld,
  path: string,
  signal: AbortSignal,
): Promise<{ last: string; indexes: number[] }> {
  let [index, last] = [0, ''];
  const indexes: number[] = [];
  while (!signal.aborted) {
    const answer = await world.ask(`GET ${path}${path.includes('?') ? '&' : '?'}index=${index}&wait=10m`, { signal });
    if (signal.aborted) break;
    expect([200, 404]).toContain(answer.status);
    last = String(answer.body);
    index = Number(answer.headers['x-consul-index']);
    indexes.push(index);
  }
  return { last, indexes };
}

const keys = ['a', 'a/1', 'a/2', 'b'];
const key = fc.constantFrom(...keys);
const change = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value: fc.constantFrom('1', '2') }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('delete-tree' as const), key }),
  fc.record({
    kind: fc.constant('register' as const),
    id: fc.constantFrom('w1', 'w2'),
    tag: fc.constantFrom('x', 'y'),
  }),
  fc.record({ kind: fc.constant('deregister' as const), id: fc.constantFrom('w1', 'w2') }),
  fc.record({
    kind: fc.constant('report' as const),
    id: fc.constantFrom('w1', 'w2'),
    verb: fc.constantFrom('pass', 'fail'),
  }),
  fc.record({ kind: fc.constant('maintain' as const), enable: fc.boolean() }),
  fc.record({ kind: fc.constant('pause' as const) }),
);

type Step = typeof change extends fc.Arbitrary<infer T> ? T : never;

async function apply(world: DoorWorld, step: Step): Promise<void> {
  switch (step.kind) {
    case 'put':
      return void (await world.ask(`PUT /v1/kv/${step.key}`, { body: step.value }));
    case 'delete':
      return void (await world.ask(`DELETE /v1/kv/${step.key}`));
    case 'delete-tree':
      return void (await world.ask(`DELETE /v1/kv/${step.key}?recurse`));
    case 'register': {
      const body = { Name: 'web', ID: step.id, Port: 80, Tags: [step.tag], Check: { TTL: '1h' } };
      return void (await world.ask('PUT /v1/agent/service/register', { body }));
    }
    case 'deregister':
      return void (await world.ask(`PUT /v1/agent/service/deregister/${step.id}`));
    case 'report':
      return void (await world.ask(`PUT /v1/agent/check/${step.verb}/service:${step.id}`));
    case 'maintain':
      return void (await world.ask(`PUT /v1/agent/maintenance?enable=${step.enable}`));
    case 'pause':
      return void (await new Promise(setImmediate));
  }
}

const QUERIES = [
  '/v1/kv/a',
  '/v1/kv/a?recurse',
  '/v1/kv/?keys&separator=/',
  '/v1/catalog/services',
  '/v1/catalog/service/web',
  '/v1/catalog/nodes',
  '/v1/health/service/web',
  '/v1/health/service/web?passing',
  '/v1/health/state/any',
  '/v1/health/node/node1',
];

// Goal: however changes and answers interleave, who follows a query by its index ends with what the query answers at
// last, and no index goes back or is 0. Method: random changes without a pause, or with one, beside blocking readers.
test('readers that follow by the index end with what there is, and the index never goes back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 30 }), async (steps) => {
      await using world = await openDoorWorld();
      const stop = new AbortController();
      const readers = QUERIES.map((path) => follow(world, path, stop.signal));
      for (const step of steps) await apply(world, step);
      for (let i = 0; i < 5; i += 1) await new Promise(setImmediate);
      stop.abort();
      const ends = await Promise.all(readers);
      for (const [i, { last, indexes }] of ends.entries()) {
        const path = QUERIES[i] ?? '';
        expect([path, last]).toEqual([path, String((await world.ask(`GET ${path}`)).body)]);
        expect(indexes.every((index, n) => index > 0 && index >= (indexes[n - 1] ?? 0))).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test('the index of what is not asked for stays: nobody is woken by it', async () => {
  await using world = await openDoorWorld();
  const index = (path: string): Promise<string | undefined> =>
    world.ask(`GET ${path}`).then(({ headers }) => headers['x-consul-index']);
  await world.ask('PUT /v1/kv/a', { body: '1' });
  await world.ask('PUT /v1/agent/service/register', { body: { Name: 'web', Port: 80, Check: { TTL: '1h' } } });
  const before = await Promise.all(QUERIES.map(index));
  await world.ask('PUT /v1/kv/zzz', { body: '1' });
  await world.ask('PUT /v1/agent/service/register', { body: { Name: 'other', Port: 80 } });
  const after = await Promise.all(QUERIES.map(index));
  const changed = QUERIES.filter((_path, i) => before[i] !== after[i]);
  expect(changed).toEqual(['/v1/kv/?keys&separator=/', '/v1/catalog/services', '/v1/health/node/node1']);
});
