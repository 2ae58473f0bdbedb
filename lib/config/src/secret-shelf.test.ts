import { createLog } from '@plumb/base';
import { generateIdentity, recipientOf, sealValue } from '@plumb/vault';
import { inspect } from 'node:util';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { createFeedWorld, type FeedWorld } from '../test/feed-world.ts';
import { type Config, type ConfigObject, openConfig, secret } from './index.ts';

const application = 'tipjar';

async function openWorld() {
  const identity = await generateIdentity();
  const recipients = [await recipientOf(identity)];
  const environment = { PLUMB_APPLICATION: application, PLUMB_AGE_KEY: identity };
  const seal = (key: string, value: string) => sealValue({ application, key, value, recipients });
  return { world: createFeedWorld(), environment, seal };
}

function serve(world: FeedWorld, values: ConfigObject): void {
  world.snapshot = { kind: 'snapshot', revision: 1, values };
}

test('what is sealed is read as a secret, which is opened when it is revealed and printed by nothing', async () => {
  const { world, environment, seal } = await openWorld();
  serve(world, { 'mail.password': await seal('mail.password', 'hunter2'), title: 'Tips' });
  await using config = await world.open({ environment });
  const password = config.secret('mail.password');
  expect(await password.reveal()).toBe('hunter2');
  expect(config.get('mail.password')).toBe(password);
  expect(config.branch('mail').secret('password')).toBe(password);
  const lines: string[] = [];
  createLog((...line) => lines.push(JSON.stringify(line))).info('config', { config: config.get(), password });
  const shown = [
    ...lines,
    JSON.stringify(config.snapshot().values),
    inspect(config.get(), { depth: 10, showHidden: true }),
    JSON.stringify(config.explain()),
    String(password),
  ];
  for (const text of shown) {
    expect(text).toContain('[secret]');
    expect(text).not.toMatch(/hunter2|AGE-SECRET|\$sealed/);
  }
});

test('a secret that is sealed again is told, back to what it was too, and one that stays is not', async () => {
  const { world, environment, seal } = await openWorld();
  const [a, b] = [await seal('key', 'A'), await seal('key', 'B')];
  serve(world, { key: a, other: 1 });
  await using config = await world.open({ environment });
  const heard: Promise<unknown>[] = [];
  config.subscribe('key', (_value, snapshot) => heard.push(snapshot.secret('key').reveal()));
  const first = config.secret('key');
  const send = (revision: number, key: string, value: ConfigObject | number): void =>
    world.send({ kind: 'change', revision, changes: [{ key, value }] });
  send(2, 'other', 2);
  send(3, 'key', { ...a });
  await expect.poll(() => config.revision).toBe(3);
  expect([heard.length, config.secret('key')]).toEqual([0, first]);
  send(4, 'key', b);
  await expect.poll(() => config.revision).toBe(4);
  send(5, 'key', a);
  await expect.poll(() => config.revision).toBe(5);
  expect(await Promise.all(heard)).toEqual(['B', 'A']);
  serve(world, { key: a, other: 2 });
  world.loseConnection();
  await world.clock.advance(2_000);
  expect(heard).toHaveLength(2);
});

test('a secret is read with a schema, in place and as part of all values, and no fault tells it', async () => {
  const { world, environment, seal } = await openWorld();
  serve(world, { 'mail.password': await seal('mail.password', 'hunter2'), 'mail.port': 25, plain: 'dev' });
  const schema = v.object({ mail: v.object({ password: secret(), port: v.number() }), plain: secret() });
  await using config = await world.open({ environment, schema });
  expect(await config.secret('mail.password', v.string()).reveal()).toBe('hunter2');
  expect(
    await config
      .secret('mail.password', v.pipe(v.string(), v.length(7)))
      .map(({ length }) => length)
      .reveal(),
  ).toBe(7);
  const { mail, plain } = config.read('', schema);
  expect([await mail.password.reveal(), await plain.reveal()]).toEqual(['hunter2', 'dev']);
  const wrong = config.secret('mail.password', v.pipe(v.string(), v.maxLength(3, 'it must be short')));
  await expect(wrong.reveal()).rejects.toThrow(
    'the configuration "mail.password" cannot be used: it must be short (store)',
  );
  await expect(config.secret('mail.password', v.number()).reveal()).rejects.toThrow('it must be number');
  expect(() => config.read('mail.port', secret())).toThrow('it must be a secret, or text');
});

test('what cannot be opened says why, and never what it is', async () => {
  const { world, environment, seal } = await openWorld();
  const [sealed, moved] = [await seal('key', 'hunter2'), await seal('elsewhere', 'hunter2')];
  serve(world, {
    key: sealed,
    moved,
    withheld: { $sealed: '', to: [] },
    broken: { $sealed: 5 } as never,
    plain: 'dev',
  });
  const check = async (given: object, path: string, message: string): Promise<void> => {
    await using config = await world.open({ environment: { ...environment, ...given } });
    const opening = (async () => config.secret(path).reveal())();
    await expect(opening).rejects.toThrow(message);
    await opening.catch((error: unknown) => expect(inspect(error)).not.toContain('hunter2'));
  };
  await check({ PLUMB_AGE_KEY: '' }, 'key', 'the secret "key" cannot be opened without a key: set PLUMB_AGE_KEY');
  await check({ PLUMB_AGE_KEY: await generateIdentity() }, 'key', 'tipjar/key, sealed for age1');
  await check({}, 'moved', 'was sealed as tipjar/elsewhere and moved to tipjar/moved');
  await check({}, 'withheld', 'the secret "withheld" is not for this reader: register the recipient');
  await check({}, 'broken', 'the secret "broken" is not a sealed value: seal it again');
  await check({}, 'kye', 'the configuration has no "kye": did you mean "key"?');
  await using config = await world.open({ environment });
  expect(() => config.secret('withheld')).toThrow('is not for this reader');
  expect(await config.secret('plain').reveal()).toBe('dev');
});

test('a program without a server has secrets of its own files, by the name that they were sealed for', async () => {
  const { environment, seal } = await openWorld();
  const source = async (key: string): Promise<Config> => {
    const value = await seal('key', 'hunter2');
    const values = new Map([[key, { value, origin: { source: 'file' } }]]);
    return openConfig({ environment, sources: [{ name: 'file', open: async ({ publish }) => publish({ values }) }] });
  };
  await using config = await source('key');
  expect(await config.secret('key').reveal()).toBe('hunter2');
  await using other = await source('other');
  await expect(other.secret('other').reveal()).rejects.toThrow('moved to tipjar/other');
});
