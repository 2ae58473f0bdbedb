// A token never gets a ciphertext that is not for it, whatever it asks.
import type { Caller } from '@plumb/rpc';
import { expect, test } from 'vitest';
import { BOB, type ConfigWorld, openConfigWorld } from '../test/config-world.ts';
import { type ConfigClient, configContract } from './index.ts';

const at = { application: 'shop' } as const;
const [ADA, SHOP] = [`age1${'a'.repeat(58)}`, `age1${'s'.repeat(58)}`];
const secret = (text: string, to: readonly string[]): { $sealed: string; to: string[] } => ({
  $sealed: Buffer.from(`ciphertext ${text}`).toString('base64'),
  to: [...to].sort(),
});
const CIPHERTEXT = /Y2lwaGVydGV4dC[A-Za-z0-9+/=]*/g;

type Ask = (config: ConfigClient, ids: { readonly proposal: string; readonly revision: number }) => Promise<unknown>;

/** The first item of a stream. */
const first = async <T>(stream: AsyncIterable<T>): Promise<T | undefined> => {
  for await (const item of stream) return item;
  return undefined;
};

/** How each method is asked for what it knows of the secrets; those without an answer that could hold one say why. */
const ASK: Readonly<Record<keyof typeof configContract, Ask | string>> = {
  get: async (config) => [
    await config.get({ ...at, key: 'token' }),
    await config.get({ ...at, environment: 'live', key: 'token' }),
  ],
  snapshot: (config) => config.snapshot({ ...at, environment: 'live' }),
  list: async (config) => [
    await config.list({ ...at, environment: 'live' }),
    await config.list({ environment: 'live' }),
    await config.list({ ...at, layer: 'common' }),
    await config.list({ ...at, layer: 'env:live' }),
  ],
  explain: async (config) => [
    await config.explain({ ...at, environment: 'live', key: 'token' }),
    await config.explain({ ...at, environment: 'live', key: 'rolled' }),
  ],
  layers: (config) => config.layers(at),
  compare: (config) => config.compare({ ...at, left: {}, right: { environment: 'live' } }),
  history: (config) => config.history({ ...at, key: 'token', limit: 100 }),
  changeSets: (config) => config.changeSets({ ...at, limit: 100 }),
  diff: async (config, { revision }) => [
    await config.diff({ ...at, from: 0 }),
    await config.diff({ ...at, from: revision, to: 0 }),
  ],
  set: (config) => config.set({ ...at, key: 'token', value: 'mine', ifRevision: 0 }),
  unset: (config) => config.unset({ ...at, key: 'token', ifRevision: 9_999 }),
  change: (config) =>
    config.change({ ...at, changes: [{ key: 'token', value: 'x' }, { key: 'other' }], isDryRun: true }),
  rollback: (config, { revision }) => config.rollback({ ...at, revision, isDryRun: true }),
  provision: (config) => config.provision({ ...at, values: { fromManifest: 1 } }),
  schema: (config) => config.schema(at),
  setSchema: (config) => config.setSchema({ ...at, schema: { properties: { token: { type: 'integer' } } } }),
  check: (config) => config.check({ ...at, changes: [{ key: 'token.part', value: 1 }] }),
  protect: 'its answer is empty',
  proposals: (config) => config.proposals({}),
  approve: (config, { proposal }) => config.approve({ id: proposal }).catch(String),
  reject: 'its answer is empty',
  startRollout: (config) =>
    config.startRollout({
      ...at,
      changes: [{ key: 'token', layer: 'env:dev', value: secret('d', [ADA]) }],
      holdMs: 9_999,
    }),
  rollouts: (config) => config.rollouts({}),
  widenRollout: async (config) => {
    const [rollout] = await config.rollouts({});
    return rollout === undefined ? [] : config.widenRollout({ id: rollout.id, stage: rollout.stage + 1 });
  },
  revertRollout: async (config) => {
    const [rollout] = await config.rollouts({});
    return rollout === undefined ? [] : config.revertRollout({ id: rollout.id });
  },
  convergence: (config) => config.convergence(at),
  recipients: (config) => config.recipients({}),
  addRecipient: 'its answer is empty',
  removeRecipient: 'its answer is a number',
  recipientsFor: (config) => config.recipientsFor({ ...at, layer: 'common' }),
  whoCanRead: (config) => config.whoCanRead(at),
  whoReads: (config) => config.whoReads({ ...at, key: 'token' }),
  unused: (config) => config.unused({ unusedForMs: 0 }),
  follow: 'it names applications and parts',
  watch: (config) => first(config.watch({ ...at, environment: 'live' })),
  report: 'its answer is empty',
  reportReads: 'its answer is empty',
};

async function openSecrets(): Promise<ConfigWorld & { readonly ids: { proposal: string; revision: number } }> {
  const world = await openConfigWorld();
  const { config } = world;
  await config.addRecipient({ recipient: ADA, owner: 'ada' });
  await config.addRecipient({ recipient: SHOP, owner: 'application:shop', ...at, environment: 'live' });
  await config.provision({ ...at, environment: 'live', values: { token: secret('m', [ADA, SHOP]) } });
  const { revision } = await config.snapshot(at);
  await config.set({ ...at, key: 'token', value: secret('c', [ADA]) });
  await config.set({ ...at, key: 'other', value: secret('o', [ADA]) });
  await config.set({ ...at, key: 'token', value: secret('l', [SHOP]), layer: 'env:live' });
  await config.startRollout({ ...at, changes: [{ key: 'rolled', value: secret('r', [ADA]) }], holdMs: 9_999_999 });
  await config.protect({ ...at, environment: 'live', isProtected: true });
  const proposed = await config.set({ ...at, key: 'proposed', value: secret('p', [ADA]), layer: 'env:live' });
  const proposal = proposed.kind === 'proposed' ? proposed.proposal : '';
  return { ...world, ids: { proposal, revision }, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

async function askAll(caller: Caller): Promise<Map<string, string[]>> {
  const seen = new Map<string, string[]>();
  for (const [method, ask] of Object.entries(ASK)) {
    if (typeof ask === 'string') continue;
    await using world = await openSecrets();
    let answer: unknown;
    try {
      answer = await ask(world.as(caller), world.ids);
    } catch (error) {
      const { message, details } = error as { message: string; details?: unknown };
      answer = { message, details };
    }
    expect(answer === undefined && method !== 'schema', `${method} is asked for something that there is`).toBe(false);
    const found = JSON.stringify(answer)?.match(CIPHERTEXT) ?? [];
    seen.set(method, [...new Set(found)].map((text) => Buffer.from(text, 'base64').toString().slice(11)).sort());
  }
  return seen;
}

test('every method is asked, or cannot tell', () => {
  expect(Object.keys(ASK).sort()).toEqual(Object.keys(configContract).sort());
});

test('who owns no recipient gets no ciphertext by any method', async () => {
  for (const [method, found] of await askAll(BOB)) expect({ method, found }).toEqual({ method, found: [] });
});

test('who owns one gets what is sealed to it, and no other', async () => {
  const seen = await askAll({ id: 'ada', scopes: ['*'] });
  for (const [method, found] of seen)
    expect({ method, found }).not.toMatchObject({ found: expect.arrayContaining(['l']) });
  expect(seen.get('changeSets')).toEqual(['c', 'm', 'o']);
  expect(seen.get('history')).toEqual(['c', 'm']);
  expect(seen.get('proposals')).toEqual(['p']);
  expect(seen.get('diff')).toEqual(['c', 'm', 'o']);
});

test('a process gets what is sealed to its application in its environment', async () => {
  const seen = await askAll({ id: 'shop-1', scopes: ['*'], application: 'shop' });
  for (const [method, found] of seen)
    expect({ method, found: found.filter((text) => !['l', 'm'].includes(text)) }).toEqual({ method, found: [] });
  expect(seen.get('watch')).toEqual(['l']);
  expect(seen.get('snapshot')).toEqual(['l']);
  const other = await askAll({ id: 'blog-1', scopes: ['*'], application: 'blog' });
  for (const [method, found] of other) expect({ method, found }).toEqual({ method, found: [] });
});
