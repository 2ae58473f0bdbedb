// Schemas, and environments that need a second person, through the door.
import { expect, test } from 'vitest';
import { BOB, openConfigWorld } from '../test/config-world.ts';

const at = { application: 'shop' } as const;
const SEALED = { $sealed: 'YWdl', to: ['age1abc'] };

const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['title'],
  additionalProperties: false,
  properties: {
    title: { type: 'string', pattern: '^[A-Z]' },
    mail: {
      type: 'object',
      required: ['host'],
      properties: {
        host: { type: 'string' },
        port: { $ref: '#/$defs/port' },
        to: { type: 'array', items: { type: 'string' } },
      },
    },
    level: { enum: ['debug', 'info'] },
  },
  $defs: { port: { type: 'integer', maximum: 65_535 } },
};

test('a schema refuses what does not fit, with every fault by key, layer and reason, wherever it is set', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await config.provision({ ...at, values: { title: 'Shop' } });
  const { revision } = await config.setSchema({ ...at, schema: SCHEMA });
  expect(await config.schema(at)).toMatchObject({ schema: SCHEMA, author: 'ada', revision });
  const changes = [
    { key: 'title', value: 'shop', layer: 'env:live' },
    { key: 'mail.port', value: 70_000 },
    { key: 'mail.to', value: ['ada', 1] },
    { key: 'level', value: 'loud' },
    { key: 'titel', value: 'x' },
  ];
  const faults = await config.check({ ...at, changes });
  expect(faults.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
    { key: 'level', layer: 'common', reason: 'must be one of ["debug","info"]' },
    { key: 'mail.host', reason: 'must have a value' },
    { key: 'mail.port', layer: 'common', reason: 'must be <= 65535' },
    { key: 'mail.to', layer: 'common', reason: 'item 1 must be string' },
    { key: 'titel', layer: 'common', reason: 'is not in the schema' },
    { key: 'title', layer: 'env:live', reason: 'must match pattern "^[A-Z]"' },
  ]);
  await expect(config.change({ ...at, changes })).rejects.toMatchObject({ code: 'invalid', details: { faults } });
  await expect(config.provision({ ...at, values: {} })).rejects.toThrow('shop.title must have a value');
  await config.set({ ...at, key: 'level', value: 'info' });
  await expect(config.unset({ ...at, key: 'level' })).resolves.toMatchObject({ kind: 'stored' });
  await config.setSchema({ ...at, schema: null });
  expect(await config.schema(at)).toBeUndefined();
  await config.set({ ...at, key: 'level', value: 'loud' });
  await expect(config.setSchema({ ...at, schema: SCHEMA })).rejects.toMatchObject({
    code: 'invalid',
    details: { faults: [{ key: 'level', layer: 'common' }] },
  });
});

test('a schema must fit what a rollout gives its members, too', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await config.set({ ...at, key: 'level', value: 'info' });
  const rollout = await config.startRollout({ ...at, changes: [{ key: 'level', value: 5 }], holdMs: 604_800_000 });
  const schema = { properties: { level: { type: 'string' } } };
  await expect(config.setSchema({ ...at, schema })).rejects.toThrow('shop.level must be string');
  await config.revertRollout({ id: rollout.id });
  await config.setSchema({ ...at, schema });
  await expect(config.startRollout({ ...at, changes: [{ key: 'level', value: 5 }] })).rejects.toMatchObject({
    code: 'invalid',
  });
});

test('each place is checked with what it has; where a region is left out, what regions give may be missing', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await config.setSchema({ ...at, schema: { properties: { port: { type: 'integer' } } } });
  await config.set({ ...at, key: 'port', value: 1, layer: 'env:live' });
  await expect(config.set({ ...at, key: 'port', value: 'x', layer: 'env:dev' })).rejects.toThrow(
    'shop.port must be integer (in env:dev)',
  );
  await config.set({ ...at, key: 'url', value: 'a', layer: 'env:live/region:eu' });
  await config.set({ ...at, key: 'url', value: 'b', layer: 'env:live/region:us' });
  const schema = { type: 'object', required: ['port', 'url'] };
  await config.setSchema({ ...at, schema });
  await expect(config.unset({ ...at, key: 'url', layer: 'env:live/region:us' })).rejects.toThrow(
    'shop.url must have a value (in env:live region:us)',
  );
  await expect(config.set({ ...at, key: 'port', value: 2, layer: 'env:dev' })).rejects.toThrow('env:dev region:eu');
});

test('a sealed value fits whatever the schema says of it, since nobody here can open it', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  const schema = {
    type: 'object',
    required: ['token'],
    properties: { token: { type: 'string', minLength: 8 }, port: { type: 'integer' } },
    anyOf: [{ properties: { token: { const: 'a' } } }, { properties: { token: { const: 'b' } } }],
  };
  await config.set({ ...at, key: 'token', value: SEALED });
  await config.setSchema({ ...at, schema });
  await expect(config.set({ ...at, key: 'port', value: 'x' })).rejects.toMatchObject({
    details: { faults: [{ key: 'port', layer: 'common', reason: 'must be integer' }] },
  });
  await expect(config.unset({ ...at, key: 'token' })).rejects.toThrow('shop.token must have a value');
  await expect(config.set({ ...at, key: 'token', value: 'plain text' })).rejects.toMatchObject({ code: 'invalid' });
});

test('a schema that could stop the server is refused', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  const refuse = async (schema: Record<string, unknown>, why: string): Promise<void> => {
    await expect(config.setSchema({ ...at, schema })).rejects.toThrow(why);
  };
  await refuse({ properties: { a: { $ref: '#' } } }, 'from within itself');
  await refuse(
    { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { not: { $ref: '#/$defs/a' } } } },
    'from within itself',
  );
  await refuse({ $ref: 'https://example.org/schema' }, 'only to its own parts');
  await refuse({ $ref: '#/$defs/none' }, 'does not have');
  await refuse({ $dynamicRef: '#x' }, '$dynamicRef');
  await refuse({ properties: { a: { $id: 'x' } } }, '$id below its root');
  await refuse({ $schema: 'http://json-schema.org/draft-07/schema#' }, 'draft-07');
  await refuse({ typ: 'object' }, 'unknown keyword');
  await refuse({ type: 'text' }, 'not a schema');
  await refuse({ properties: { a: { pattern: '(?=x)' } } }, 'not a schema');
  await refuse({ description: 'x'.repeat(131_072) }, 'over the 131072');
  let deep: Record<string, unknown> = {};
  for (let i = 0; i < 70; i += 1) deep = { not: deep };
  await refuse(deep, 'over 64 deep');
  const doubling = Object.fromEntries(
    Array.from({ length: 16 }, (_, i) => [
      `d${i}`,
      { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
    ]),
  );
  await refuse({ $ref: '#/$defs/d0', $defs: { ...doubling, d16: true } }, 'parts, over the');
  // What takes a backtracking engine for ever.
  await config.setSchema({ ...at, schema: { properties: { a: { pattern: '^(a+)+$' } } } });
  const startedAt = performance.now();
  await expect(config.set({ ...at, key: 'a', value: `${'a'.repeat(5_000)}!` })).rejects.toThrow('must match pattern');
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  await config.setSchema({ ...at, schema: { properties: { a: { uniqueItems: true } } } });
  await expect(config.set({ ...at, key: 'a', value: Array.from({ length: 5_000 }, () => 1) })).rejects.toThrow(
    'over 4096 items',
  );
});

test('what reaches a protected environment waits for another person, and is in force when approved', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  const bob = world.as(BOB);
  await config.provision({ ...at, environment: 'live', values: { title: 'Shop' } });
  await config.protect({ ...at, environment: 'live', isProtected: true });
  const proposed = await config.set({ ...at, key: 'title', value: 'Sale', comment: 'spring' });
  const id = proposed.kind === 'proposed' ? proposed.proposal : '';
  expect((await config.get({ ...at, key: 'title' }))?.value).toBe('Shop');
  expect(await config.proposals(at)).toEqual([
    {
      id,
      ...at,
      changes: [{ key: 'title', layer: 'common', after: 'Sale' }],
      author: 'ada',
      at: world.clock.now(),
      expiresAt: world.clock.now() + 604_800_000,
      comment: 'spring',
      environments: ['live'],
    },
  ]);
  await expect(config.approve({ id })).rejects.toMatchObject({ code: 'denied' });
  const approved = await bob.approve({ id, comment: 'agreed' });
  expect((await config.changeSets(at))[0]).toMatchObject({
    revision: approved.kind === 'stored' ? approved.revision : 0,
    author: 'ada',
    approvedBy: 'bob',
    comment: 'spring / agreed',
  });
  expect(await config.history({ ...at, key: 'title', limit: 1 })).toMatchObject([{ value: 'Sale', approvedBy: 'bob' }]);
  expect((await config.get({ ...at, key: 'title' }))?.value).toBe('Sale');
  expect(await config.proposals({})).toEqual([]);
  await expect(bob.approve({ id })).rejects.toMatchObject({ code: 'not-found' });
  expect((await config.layers(at)).layers).toMatchObject([
    { layer: 'manifest', isProtected: true },
    { layer: 'common', isProtected: true },
  ]);
  // What does not reach it, and what plumb.yaml says, needs nobody else.
  expect(await config.set({ ...at, key: 'title', value: 'x', layer: 'env:dev' })).toMatchObject({ kind: 'stored' });
  await config.provision({ ...at, environment: 'live', values: { title: 'Store' } });
  for (const layer of ['common', 'release:r', 'region:eu', 'env:live', 'env:live/region:eu']) {
    expect(await config.change({ ...at, changes: [{ key: 'title', value: 'y', layer }] })).toMatchObject({
      kind: 'proposed',
    });
  }
  expect(await config.rollback({ ...at, revision: 0 })).toMatchObject({ kind: 'proposed' });
  await config.protect({ ...at, environment: 'live', isProtected: false });
  expect(await config.set({ ...at, key: 'title', value: 'free' })).toMatchObject({ kind: 'stored' });
});

test('a proposal is not approved over a value that has changed since, nor against a schema of later', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  const bob = world.as(BOB);
  await config.set({ ...at, key: 'title', value: 'A' });
  await config.protect({ ...at, environment: 'live', isProtected: true });
  const propose = async (key: string, value: string): Promise<string> => {
    const outcome = await config.set({ ...at, key, value });
    return outcome.kind === 'proposed' ? outcome.proposal : '';
  };
  const [first, second, third] = [await propose('title', 'B'), await propose('title', 'C'), await propose('mail', 'x')];
  await bob.approve({ id: first });
  await expect(bob.approve({ id: second })).rejects.toMatchObject({ code: 'conflict' });
  expect((await config.get({ ...at, key: 'title' }))?.value).toBe('B');
  expect((await config.proposals(at)).map(({ id }) => id)).toContain(second);
  await config.setSchema({ ...at, schema: { properties: { mail: { type: 'integer' } } } });
  await expect(bob.approve({ id: third })).rejects.toMatchObject({ code: 'invalid' });
  await expect(config.set({ ...at, key: 'mail', value: 'y' })).rejects.toMatchObject({ code: 'invalid' });
  // The author takes one back, another is turned down, by who may approve.
  const eve = world.as({ id: 'eve', scopes: ['config:write'] });
  await expect(eve.reject({ id: third })).rejects.toMatchObject({ code: 'denied' });
  await config.reject({ id: second });
  await bob.reject({ id: third, comment: 'no' });
  expect(await config.proposals({})).toEqual([]);
});

test('proposals expire after a week, and a hundred can wait', async () => {
  await using world = await openConfigWorld();
  const { config } = world;
  await config.protect({ ...at, environment: 'live', isProtected: true });
  const propose = (value: number): Promise<unknown> => config.set({ ...at, key: 'count', value });
  for (let i = 0; i < 100; i += 1) await propose(i);
  await expect(propose(100)).rejects.toMatchObject({ code: 'exhausted' });
  const id = (await config.proposals(at))[0]?.id ?? '';
  world.clock.jump(604_800_000);
  expect(await config.proposals(at)).toEqual([]);
  await expect(world.as(BOB).approve({ id })).rejects.toMatchObject({ code: 'not-found' });
  await propose(101);
  expect((await world.kv.list('config/proposal/')).entries).toHaveLength(1);
});
