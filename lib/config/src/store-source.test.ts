import { OperatingError } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { generateIdentity } from '@plumb/vault';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { createFeedWorld } from '../test/feed-world.ts';
import { digestOf } from './config-digest.ts';
import { type Config, type ConfigSource, storeSource } from './index.ts';

const HOUR_MS = 3_600_000;
const REPORTED_WITHIN_MS = 200;

async function openWorld() {
  const directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'copies', 'web.copy');
  const environment = {
    PLUMB_APPLICATION: 'tipjar',
    PLUMB_INSTANCE: 'tipjar-1',
    PLUMB_ENVIRONMENT: 'live',
    PLUMB_CONFIG_COPY: file,
    PLUMB_AGE_KEY: await generateIdentity(),
  };
  const feed = createFeedWorld();
  return {
    ...feed,
    feed,
    file,
    environment,
    start: (given: Record<string, string> = {}): Promise<Config> =>
      feed.open({ environment: { ...environment, ...given } }),
    /** What was logged since the last time. */
    logged: () => feed.logged.splice(0),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** Moves time until `promise` settles: what reads files takes time of its own. */
async function advanceUntil<T>(advance: (ms: number) => Promise<void>, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = (): void => void (isSettled = true);
  promise.then(settle, settle);
  await expect.poll(async () => (await advance(500), isSettled), { interval: 5 }).toBe(true);
  return promise;
}

test('the server is away for an hour: a start uses the copy and says so, and follows the server when it is back', async () => {
  await using world = await openWorld();
  const { feed, clock, file } = world;
  const earlier = await world.start();
  await earlier[Symbol.asyncDispose]();
  feed.isAway = true;
  feed.loseConnection();
  await clock.advance(HOUR_MS);
  world.logged();
  feed.reports.length = 0;

  await using config = await advanceUntil(clock.advance, world.start());
  expect([config.get('title'), config.revision]).toEqual(['Tips', 3]);
  const { copy, sources } = config.status();
  expect(copy).toMatchObject({ file, revision: 3 });
  expect(copy?.ageMs).toBeGreaterThanOrEqual(HOUR_MS);
  expect(sources).toMatchObject([
    {
      source: 'store',
      state: 'stale',
      reason: expect.stringContaining(`the local copy ${file}, revision 3, 1 h old: the server gave no answer`),
    },
  ]);
  await clock.advance(HOUR_MS);
  expect(config.get('title')).toBe('Tips');
  expect(world.logged()).toMatchObject([{ event: 'config.source-trouble', fields: { source: 'store' } }]);
  expect(feed.reports).toEqual([]);

  const heard: unknown[] = [];
  config.subscribe('', (values) => heard.push(values));
  feed.isAway = false;
  feed.snapshot = { kind: 'snapshot', revision: 9, values: { title: 'Back' } };
  await advanceUntil(clock.advance, expect.poll(() => config.revision).toBe(9));
  expect(heard).toEqual([{ title: 'Back' }]);
  expect(config.status()).toMatchObject({ revision: 9, sources: [{ state: 'ok' }] });
  expect(config.status()).not.toHaveProperty('copy');
  expect(world.logged()).toMatchObject([{ event: 'config.source-recovered' }]);
  await expect
    .poll(async () => (await world.clock.advance(REPORTED_WITHIN_MS), feed.reports.at(-1)))
    .toMatchObject({ revision: 9, digest: digestOf([['title', 'Back']]) });
});

test('a server that answers in time is waited for, and the copy is left alone', async () => {
  await using world = await openWorld();
  const { feed, clock } = world;
  await (await world.start())[Symbol.asyncDispose]();
  feed.isAway = true;
  feed.loseConnection();
  feed.snapshot = { kind: 'snapshot', revision: 4, values: { title: 'Fresh' } };
  const starting = world.start();
  await clock.advance(500);
  feed.isAway = false;
  await using config = await advanceUntil(clock.advance, starting);
  expect([config.get('title'), config.status().copy]).toEqual(['Fresh', undefined]);
});

test('a copy that is torn, foreign or not there is named, and the start fails without a server', async () => {
  await using world = await openWorld();
  const { feed, clock, file } = world;
  await (await world.start())[Symbol.asyncDispose]();
  feed.isAway = true;
  feed.loseConnection();
  const check = async (given: Record<string, string>, reason: string): Promise<void> => {
    world.logged();
    const error: unknown = await advanceUntil(clock.advance, world.start(given)).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'deadline', message: expect.stringContaining(reason) });
  };
  await check({ PLUMB_ENVIRONMENT: 'test' }, 'is a copy of the configuration of tipjar (live), not of tipjar (test)');
  expect(world.logged()).toMatchObject([{ event: 'config.copy-unusable', fields: { file } }]);
  await check({ PLUMB_AGE_KEY: await generateIdentity() }, `${file} was not decrypted: none of the keys`);
  await fs.truncate(file, 200);
  await check({}, `${file} was not decrypted`);
  await fs.rm(file);
  await check({}, `there is no local copy ${file}`);
  await check({ PLUMB_CONFIG_COPY: '' }, 'did not come within 10000 ms: the server gave no answer');
});

test('a server that answers while the copy is being read is believed', async () => {
  await using world = await openWorld();
  const { feed, clock, file } = world;
  await (await world.start())[Symbol.asyncDispose]();
  const copy = await fs.readFile(file);
  // A pipe is read for as long as the test wants.
  await fs.rm(file);
  execFileSync('mkfifo', [file]);
  feed.isAway = true;
  feed.loseConnection();
  feed.snapshot = { kind: 'snapshot', revision: 9, values: { title: 'Fresh' } };
  const starting = world.start();
  await clock.advance(2_500);
  const pipe = await fs.open(file, 'w');
  feed.isAway = false;
  await using config = await advanceUntil(clock.advance, starting);
  await pipe.write(copy);
  await pipe.close();
  await expect.poll(async () => (await world.clock.advance(REPORTED_WITHIN_MS), feed.reports.at(-1)?.revision)).toBe(9);
  // Closing waits for what is under way.
  await config[Symbol.asyncDispose]();
  expect([config.get('title'), config.status().copy]).toEqual(['Fresh', undefined]);
  await fs.rm(file);
});

test('what came last is kept when the program ends, unless it was refused', async () => {
  await using world = await openWorld();
  const { feed, clock } = world;
  const schema = v.object({ title: v.string() });
  const copied = async (title: string | number): Promise<unknown> => {
    feed.isAway = false;
    feed.snapshot = { kind: 'snapshot', revision: 3, values: { title: 'Tips' } };
    const config = await advanceUntil(clock.advance, feed.open({ environment: world.environment, schema }));
    await expect.poll(() => fs.stat(world.file).then(() => true)).toBe(true);
    feed.send({ kind: 'change', revision: 4, changes: [{ key: 'title', value: 'Last' }] });
    await expect.poll(() => config.revision).toBe(4);
    feed.send({ kind: 'change', revision: 5, changes: [{ key: 'title', value: title }] });
    await expect.poll(() => config.revision === 5 || config.status().faults.length > 0).toBe(true);
    await config[Symbol.asyncDispose]();
    feed.isAway = true;
    feed.loseConnection();
    await using again = await advanceUntil(clock.advance, feed.open({ environment: world.environment, schema }));
    return again.get('title');
  };
  expect(await copied('Very last')).toBe('Very last');
  expect(await copied(5)).toBe('Tips');
});

test('a refusal is an error with a copy too', async () => {
  await using world = await openWorld();
  await (await world.start())[Symbol.asyncDispose]();
  world.feed.refusal = new OperatingError('denied', 'tipjar is not yours');
  await expect(world.start()).rejects.toMatchObject({ code: 'denied' });
});

test('without an age key nothing is copied, and that is said', async () => {
  await using world = await openWorld();
  const { PLUMB_AGE_KEY: _key, ...environment } = world.environment;
  const config = await world.feed.open({ environment });
  await config[Symbol.asyncDispose]();
  expect(world.logged()).toMatchObject([{ event: 'config.copy-off', fields: { file: world.file } }]);
  await expect(fs.stat(world.file)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('values that the schema refuses are neither reported nor copied', async () => {
  await using world = await openWorld();
  const { feed } = world;
  const schema = v.object({ title: v.string() });
  const config = await feed.open({ environment: world.environment, schema });
  await expect.poll(async () => (await world.clock.advance(REPORTED_WITHIN_MS), feed.reports.length)).toBe(1);
  feed.send({ kind: 'change', revision: 4, changes: [{ key: 'title', value: 5 }] });
  await expect.poll(() => config.status().faults).toHaveLength(1);
  expect([config.get('title'), config.revision]).toEqual(['Tips', 3]);
  await config[Symbol.asyncDispose]();
  expect(feed.reports).toMatchObject([{ revision: 3 }]);
  feed.isAway = true;
  feed.loseConnection();
  await using again = await advanceUntil(world.clock.advance, feed.open({ environment: world.environment, schema }));
  expect([again.get('title'), again.revision]).toEqual(['Tips', 3]);
});

test('values that do not fit alone are in force, reported and copied once another source has what fits with them', async () => {
  await using world = await openWorld();
  const { feed } = world;
  let sayLimit: (limit: number) => void = () => undefined;
  const file: ConfigSource = {
    name: 'file',
    async open({ publish }) {
      sayLimit = (limit) => publish({ values: new Map([['limit', { value: limit, origin: { source: 'file' } }]]) });
      sayLimit(1);
    },
  };
  const values = v.object({ count: v.number(), limit: v.number() });
  const schema = v.pipe(
    values,
    v.check(({ count, limit }) => count === limit, 'count must be limit'),
  );
  feed.snapshot = { kind: 'snapshot', revision: 3, values: { count: 1 } };
  const config = await feed.open({ environment: world.environment, sources: [file], schema });
  await world.clock.advance(REPORTED_WITHIN_MS);
  const heard: unknown[] = [];
  config.subscribe('', (all) => heard.push(all));
  feed.send({ kind: 'change', revision: 4, changes: [{ key: 'count', value: 2 }] });
  await expect.poll(() => config.status().faults).toHaveLength(1);
  sayLimit(3);
  await Promise.resolve();
  expect([config.get(), config.status().faults.length, heard]).toEqual([{ count: 1, limit: 1 }, 1, []]);
  sayLimit(2);
  await Promise.resolve();
  expect([config.get(), config.revision, config.status().faults]).toEqual([{ count: 2, limit: 2 }, 4, []]);
  expect(heard).toEqual([{ count: 2, limit: 2 }]);
  await expect
    .poll(async () => (await world.clock.advance(REPORTED_WITHIN_MS), feed.reports.map(({ revision }) => revision)))
    .toEqual([3, 4]);
  sayLimit(2);
  await config[Symbol.asyncDispose]();
  expect(feed.reports).toHaveLength(2);
});

test('a source whose values are refused does not keep those of others out', async () => {
  await using world = await openWorld();
  const { feed } = world;
  const schema = v.object({ count: v.number(), title: v.optional(v.string()) });
  let sayTitle: (title: string | number) => void = () => undefined;
  const file: ConfigSource = {
    name: 'file',
    async open({ publish }) {
      sayTitle = (title) => publish({ values: new Map([['title', { value: title, origin: { source: 'file' } }]]) });
      sayTitle('A');
    },
  };
  feed.snapshot = { kind: 'snapshot', revision: 3, values: { count: 1 } };
  await using config = await feed.open({ environment: world.environment, sources: [file], schema });
  sayTitle(5);
  await Promise.resolve();
  feed.send({ kind: 'change', revision: 4, changes: [{ key: 'count', value: 2 }] });
  await expect.poll(() => config.get('count')).toBe(2);
  expect([config.get('title'), config.status().faults]).toEqual([
    'A',
    [expect.stringContaining('"title" cannot be used')],
  ]);
  await expect.poll(async () => (await world.clock.advance(REPORTED_WITHIN_MS), feed.reports.at(-1)?.revision)).toBe(4);
  expect(world.logged().map(({ event }) => event)).toEqual(['config.refused-values']);
});

test('the server is told where the reader is, and what it reads', async () => {
  await using world = await openWorld();
  const { feed, clock } = world;
  const place = { PLUMB_RELEASE_ENVIRONMENT: 'production', PLUMB_REGION: 'eu' };
  const config = await world.start({ ...place, PLUMB_COMPONENT: 'web', PLUMB_RELEASE: 'r1' });
  expect(feed.watched).toEqual([
    {
      application: 'tipjar',
      instance: 'tipjar-1',
      environment: 'live',
      releaseEnvironment: 'production',
      region: 'eu',
    },
  ]);
  config.get('title');
  config.exists('absent');
  config.subscribe('mail', () => undefined);
  config.branch('mail').snapshot().get('host');
  await clock.advance(5_000);
  await expect
    .poll(() => feed.reads)
    .toEqual([
      {
        application: 'tipjar',
        instance: 'tipjar-1',
        component: 'web',
        release: 'r1',
        paths: ['title', 'absent', 'mail.host', 'mail'],
      },
    ]);
  config.get('at.last');
  await config[Symbol.asyncDispose]();
  expect(feed.reads.at(-1)?.paths).toEqual(['at.last']);
  await using plain = await world.start({ PLUMB_ENVIRONMENT: 'default' });
  expect(plain.revision).toBe(3);
  expect(feed.watched.at(-1)).toEqual({ application: 'tipjar', instance: 'tipjar-1' });
});

test('the store stands where it is put among the sources, and nowhere with "store: false"', async () => {
  await using world = await openWorld();
  const { feed } = world;
  const fixed = (name: string, title: string) => ({
    name,
    open: async ({ publish }: Parameters<ReturnType<typeof storeSource>['open']>[0]) =>
      publish({ values: new Map([['title', { value: title, origin: { source: name } }]]) }),
  });
  const titleWith = async (options: Parameters<typeof feed.open>[0]): Promise<unknown> => {
    await using config = await feed.open(options);
    return config.get('title');
  };
  const [low, high] = [fixed('low', 'Low'), fixed('high', 'High')];
  expect(await titleWith({ sources: [low, high] })).toBe('Tips');
  expect(await titleWith({ sources: [low, storeSource()] })).toBe('Tips');
  expect(await titleWith({ sources: [low, storeSource(), high] })).toBe('High');
  expect(await titleWith({ sources: [storeSource(), low] })).toBe('Low');
  expect(await titleWith({ sources: [low, storeSource()], store: false })).toBe('Low');
});
