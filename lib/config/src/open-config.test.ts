// The connection is real RPC within the process; the world behind it is a feed that the test writes by hand.
import { OperatingError, seededRandom } from '@plumb/base';
import { expect, test } from 'vitest';
import { createFeedWorld } from '../test/feed-world.ts';
import { digestOf } from './config-digest.ts';
import { openConfig } from './index.ts';

/** A change is in force in all processes before they tell of it. */
const REPORTED_WITHIN_MS = 200;

test('without a server it runs on its defaults alone', async () => {
  await using config = await openConfig({ environment: {}, defaults: { title: 'Tip jar', mail: { port: 25 } } });
  expect(config.get('mail.port')).toBe(25);
  expect(config.revision).toBe(0);
});

test('values that are known already are in force at once, and what is newer arrives by itself', async () => {
  const world = createFeedWorld();
  const initial = { revision: 2, values: { title: 'Known' } };
  await using config = await openConfig({
    environment: { PLUMB_APPLICATION: 'tipjar', PLUMB_INSTANCE: 'tipjar-1' },
    connection: world.connection,
    clock: world.clock,
    random: seededRandom(1),
    initial,
  });
  expect([config.get('title'), config.revision]).toEqual(['Known', 2]);
  await expect.poll(() => config.get('title')).toBe('Tips');
});

test('it resolves with the first values, follows every change and reports what it runs', async () => {
  const world = createFeedWorld();
  await using config = await world.open();
  expect([config.get('title'), config.revision]).toEqual(['Tips', 3]);
  const heard: unknown[] = [];
  using _subscription = config.subscribe('title', (value) => heard.push(value));
  world.send({ kind: 'change', revision: 4, changes: [{ key: 'title', value: 'More tips' }] });
  await expect
    .poll(async () => (await world.clock.advance(REPORTED_WITHIN_MS), world.reports.at(-1)))
    .toEqual({
      application: 'tipjar',
      instance: 'tipjar-1',
      revision: 4,
      digest: digestOf([['title', 'More tips']]),
    });
  expect(config.revision).toBe(4);
  expect(heard).toEqual(['More tips']);
});

test('a process without an instance id reports nothing', async () => {
  const world = createFeedWorld();
  await using config = await world.open({ environment: { PLUMB_APPLICATION: 'tipjar' } });
  world.send({ kind: 'change', revision: 4, changes: [{ key: 'title', value: 'More tips' }] });
  await expect.poll(() => config.revision).toBe(4);
  expect(world.reports).toEqual([]);
});

test('when the server is lost the last values stay, and what changed meanwhile comes when it is back', async () => {
  const world = createFeedWorld();
  await using config = await world.open();
  let callCount = 0;
  using _subscription = config.subscribe('title', () => (callCount += 1));
  await expect.poll(async () => (await world.clock.advance(REPORTED_WITHIN_MS), world.reports.length)).toBe(1);
  world.snapshot = { kind: 'snapshot', revision: 9, values: { title: 'Changed meanwhile' } };
  world.loseConnection();
  await world.clock.advance(0);
  expect(config.get('title')).toBe('Tips');
  await world.clock.advance(2_000);
  expect(config.get('title')).toBe('Changed meanwhile');
  expect(callCount).toBe(1);
  await expect
    .poll(async () => (await world.clock.advance(REPORTED_WITHIN_MS), world.reports.map(({ revision }) => revision)))
    .toEqual([3, 9]);
});

test('a refusal at the start is told; a later one is logged, and asked about again', async () => {
  const world = createFeedWorld();
  world.refusal = new OperatingError('denied', 'tipjar is not yours');
  await expect(world.open()).rejects.toMatchObject({ code: 'denied', message: 'tipjar is not yours' });
  world.refusal = undefined;
  await using config = await world.open();
  world.refusal = new OperatingError('denied', 'tipjar is not yours');
  world.loseConnection();
  await world.clock.advance(10_000);
  expect(world.logged.map(({ event }) => event)).toContain('config.refused');
  expect(config.get('title')).toBe('Tips');
  world.refusal = undefined;
  world.snapshot = { kind: 'snapshot', revision: 9, values: { title: 'Back' } };
  await world.clock.advance(40_000);
  expect(config.get('title')).toBe('Back');
});

test('a server that gives no values in time is an error that says so', async () => {
  const world = createFeedWorld();
  world.refusal = new OperatingError('unavailable', 'starting');
  const opening = world.open().catch((error: unknown) => error);
  await world.clock.advance(10_000);
  expect(await opening).toMatchObject({
    code: 'deadline',
    message: 'the configuration of tipjar did not come within 10000 ms: starting',
  });
});

test('an environment that is half set is refused by the name of what is missing', async () => {
  const address = 'tcp://127.0.0.1:1';
  const key = 'Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID';
  const check = async (environment: Record<string, string>, message: string): Promise<void> => {
    await expect(openConfig({ environment: { PLUMB_RPC: address, ...environment } })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(message),
    });
  };
  await check({ PLUMB_TOKEN: 'good' }, 'PLUMB_APPLICATION is not set');
  await check({ PLUMB_APPLICATION: 'tipjar' }, 'PLUMB_TOKEN is not set');
  await check({ PLUMB_APPLICATION: 'tipjar', PLUMB_RPC_KEY: key }, 'PLUMB_TOKEN is not set');
  await check({ PLUMB_APPLICATION: 'tipjar', PLUMB_CURVE_KEY: key }, 'PLUMB_RPC_KEY is not set');
  await check(
    { PLUMB_APPLICATION: 'tipjar', PLUMB_CURVE_KEY: 'short', PLUMB_RPC_KEY: key },
    'the secret key has 5 characters, not 40',
  );
});

test('disposing it ends the watch and leaves the values readable', async () => {
  const world = createFeedWorld();
  const config = await world.open();
  await config[Symbol.asyncDispose]();
  world.send({ kind: 'change', revision: 4, changes: [{ key: 'title', value: 'unheard' }] });
  await world.clock.advance(1_000);
  expect(config.get('title')).toBe('Tips');
});
