import { digestOf } from '@plumb/config/digest';
import { expect, test } from 'vitest';
import { openConfigWorld } from '../config-world.ts';
import { parseGate } from './config-rollout.ts';

const SCHEMA = `type: object
properties:
  title: { type: string, maxLength: 10 }
  mail:
    type: object
    properties:
      port: { type: integer, minimum: 1 }
additionalProperties: false
`;

test('a value that does not fit the schema is refused, key by key', async () => {
  await using world = await openConfigWorld();
  await world.write('schema.yaml', SCHEMA);
  expect(await world.run('schema get -a shop')).toContain('shop has no schema: give it one');
  expect(await world.run('schema set schema.yaml -a shop')).toBe(
    'values of shop must fit schema.yaml from now on\nexit 0',
  );
  expect(await world.run('set shop.mail.port none')).toMatchInlineSnapshot(`
    "err: ✖ nothing was changed, because of
    err:   mail.port (common): must be integer
    exit 1"
  `);
  await world.write('app.yaml', 'title: much too long for it\nmail:\n  port: 0\n  host: x\n');
  expect(await world.run('apply app.yaml -a shop --dry-run')).toMatchInlineSnapshot(`
    "err: ✖ nothing was changed, because of
    err:   app.yaml:1:1: title (common): must NOT have more than 10 characters
    err:   app.yaml:3:3: mail.port (common): must be >= 1
    exit 1"
  `);
  expect(JSON.parse((await world.run('schema get -a shop')).replace(/exit 0$/, ''))).toMatchObject({ type: 'object' });
  expect(await world.run('schema remove -a shop')).toContain('may be anything');
  expect(await world.run('set shop.mail.port none')).toContain('exit 0');
  expect(await world.run('schema set schema.yaml -a shop')).toContain('mail.port (common): must be integer');
});

test('what is wrong with a schema is said with its place', async () => {
  await using world = await openConfigWorld();
  const check = async (text: string, expected: string): Promise<void> => {
    await world.write('s.yaml', text);
    expect(await world.run('schema set s.yaml -a shop')).toContain(expected);
  };
  await check('type: object\nproperties:\n  a: { type: integr }\n', 's.yaml:3:14: ');
  await check('type: object\nproprties: {}\n', 's.yaml:2:1: ');
  await check('type: [object\n', 's.yaml:2:1: ');
  await check('- 1\n', 's.yaml:1:1: a schema is an object');
  expect(await world.run('schema set gone.yaml -a shop')).toContain('(ENOENT)');
});

test('a change to a protected environment waits for a second person', async () => {
  await using world = await openConfigWorld();
  expect(await world.run('protect shop production')).toContain('need a second person from now on');
  const proposed = await world.run('set shop.title A --env production --comment', { more: ['rush hour'] });
  const [, id = ''] = /proposed as (\S+)/.exec(proposed) ?? [];
  expect(proposed).toContain(`somebody else puts it in force with "plumb config approve ${id}"\nexit 0`);
  expect((await world.run('proposals')).replace(id, 'ID')).toMatchInlineSnapshot(`
    "ID  shop in production, by ada now  rush hour
    env:production
      + title  A
    exit 0"
  `);
  expect(await world.run(`approve ${id} --yes`)).toContain('exit 1');
  expect(await world.run(`approve ${id}`, { by: 'bob', answers: ['no'] })).toContain('nothing was changed\nexit 1');
  expect(await world.run(`approve ${id}`, { by: 'bob', answers: ['y'] })).toContain(
    'the proposal of ada is in force at revision',
  );
  expect(await world.run('history shop.title')).toContain('ada with bob');
  await world.run('set shop.title B --env production');
  const [, second = ''] = /^(\S+) {2}shop/m.exec(await world.run('proposals shop')) ?? [];
  expect(await world.run(`reject ${second}`, { by: 'bob' })).toContain('nothing was changed');
  expect(await world.run(`reject ${second}`)).toContain(`no proposal ${second} waits`);
  expect(await world.run('proposals')).toContain('no change waits for a second person');
  expect(await world.run('unprotect shop production')).toContain('open to one person again');
  expect(await world.run('set shop.title B --env production')).toContain('is now at revision');
  expect(await world.run('protect shop')).toContain('ENVIRONMENT is missing');
});

test('what a gate says', () => {
  const check = (given: string, expected: unknown): void => expect(parseGate(given)).toEqual(expected);
  check('sum(rate(errors[1m])) <= 0.5', { query: 'sum(rate(errors[1m]))', max: 0.5 });
  check('up >= 3', { query: 'up', min: 3 });
  check('count(a <= 3) <= -1', { query: 'count(a <= 3)', max: -1 });
  for (const bad of ['up', 'up < 3', 'up == 1', '<= 3', 'up <= x']) {
    expect(() => parseGate(bad)).toThrow("--gate takes 'QUERY <= NUMBER'");
  }
});

test('a rollout goes to a few, then to all, or back', async () => {
  await using world = await openConfigWorld();
  const { run } = world;
  await run('set shop.mode slow');
  const stop = new AbortController();
  const following = ['a', 'b', 'c', 'd'].map((instance) =>
    Array.fromAsync(world.config.watch({ application: 'shop', instance }, { signal: stop.signal })),
  );
  await world.clock.advance(10);
  const started = await run('rollout start shop.mode fast --instances 1,2');
  const [, id = ''] = /"plumb config rollout status (\S+) --watch"/.exec(started) ?? [];
  expect(started.replaceAll(id, 'ID').replace(/with: [a-d]/, 'with: X')).toMatchInlineSnapshot(`
    "ID  shop, by ada now
      ~ mode  slow → fast
      ◐ running: it begins (stage 1 of 1 → 2, 1 instance)
      with: X
    err: follow it with "plumb config rollout status ID --watch"
    exit 0"
  `);
  expect(await run('set shop.mode other')).toContain(id);
  expect(await run(`rollout widen ${id}`)).toContain('2 instances');
  expect(await run('rollout list shop')).toContain('stage 2 of 1 → 2');
  expect(await run(`rollout revert ${id} --comment slower`)).toContain('reverted');
  expect(await run(`rollout status ${id} --watch`)).toContain('exit 1');
  expect(await run('get shop.mode')).toBe('slow\nexit 0');
  expect(await run('rollout status nothing')).toContain('there is no rollout nothing');
  stop.abort();
  await Promise.allSettled(following);
  const wrong = async (words: string, expected: string): Promise<void> =>
    expect(await run(`rollout start ${words}`)).toContain(expected);
  await wrong('shop.a', 'shop.a has no VALUE');
  await wrong('shop.a 1 blog.b 2', 'of one application');
  await wrong('shop.a 1 --percent 5,200', '--percent takes numbers from 0.01 to 100');
  await wrong('shop.a 1 --percent 50,5', '--percent must grow');
  await wrong('shop.a 1 --percent 5 --instances 1', 'leave out');
  await wrong('shop.a 1 --instances 1.5', '--instances takes whole numbers');
});

test('who has what, who reads what, and what nobody reads', async () => {
  await using world = await openConfigWorld();
  const { run, config } = world;
  await run('set shop.title A');
  await run('set shop.old 1');
  expect(await run('convergence -a shop')).toContain('no instance of shop follows');
  const stop = new AbortController();
  const watching = Array.fromAsync(config.watch({ application: 'shop', instance: 'web-1' }, { signal: stop.signal }));
  await world.clock.advance(10);
  expect(await run('convergence -a shop')).toMatch(/web-1 +- +0 +◐ behind/);
  const sleep = async (delayMs: number): Promise<void> => world.clock.advance(delayMs);
  expect(await run('convergence -a shop --wait --timeout 2s', { sleep })).toMatch(
    /1 of 1 instances of shop do not have revision \d+: see what they say with "plumb logs shop"\nexit 1/,
  );
  const { revision, values } = await config.snapshot({ application: 'shop' });
  const digest = digestOf(Object.entries(values));
  const reporting = async (delayMs: number): Promise<void> => {
    await config.report({ application: 'shop', instance: 'web-1', revision, digest });
    await world.clock.advance(delayMs);
  };
  expect(await run('convergence -a shop --wait', { sleep: reporting })).toContain('● converged');
  await config.reportReads({ application: 'shop', instance: 'web-1', component: 'web', paths: ['title'] });
  expect(await run('who-reads shop.title')).toMatch(/web-1 +shop\/web +- +title/);
  expect(await run('who-reads shop.old')).toContain('nobody was seen to read shop.old');
  expect(await run('unused shop')).toMatch(/shop\.old .* never\nexit 0/);
  expect(await run('unused shop --for x')).toContain('--for: "x" is not a duration');
  stop.abort();
  await watching.catch(() => undefined);
});
