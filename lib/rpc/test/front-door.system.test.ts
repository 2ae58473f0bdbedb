// Two programs: one serves a plain object and a contract, the other calls them, with CURVE between them.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { OperatingError, silentLog } from '@plumb/base';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type Resolver, staticResolver } from '../src/index.ts';
import { connect, generateKeyPair, serve } from '../src/node.ts';
import { guardedContract, type methods } from './front-door-child.ts';
import { openFrontDoorChild } from './open-front-door-child.ts';

const [keys, alice, mallory] = [generateKeyPair(), generateKeyPair(), generateKeyPair()];
const callers = { [alice.publicKey]: 'alice' };
const asAlice = { keys: alice, serverKey: keys.publicKey };

async function failure(promise: PromiseLike<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );
}

test('an object is called as it is: values, streams, nested names, errors', async () => {
  await using child = await openFrontDoorChild({ keys, callers });
  await using math = await connect<typeof methods>(child.target, asAlice);
  expect(await math.add(1, 2)).toBe(3);
  expect(await math.pid()).toBe(child.pid);
  expect(await math.text.upper('loud')).toBe('LOUD');
  expect(await Array.fromAsync(math.count(1_000))).toHaveLength(1_000);
  expect(await math.echo(new Map([[1n, new Date(0)]]))).toEqual(new Map([[1n, new Date(0)]]));
  expect(await math.each(3, (n) => 2 * n)).toBe(12);
  expect(await math.caller()).toBe('alice');
  expect(await failure(math.refuse())).toMatchObject({ code: 'conflict', details: { revision: 7 } });
  expect(await failure(math.refuse())).toBeInstanceOf(OperatingError);
});

test('every name is a method over there, and none that is private or inherited', async () => {
  await using child = await openFrontDoorChild({ keys, callers });
  await using math = await connect<typeof methods>(child.target, asAlice);
  expect([await math.close(), await math.dispose()]).toEqual(['a method like any other', 'another one']);
  const names = math as unknown as Record<string, () => Promise<unknown>>;
  for (const name of ['_private', 'toString', 'constructor', 'hasOwnProperty']) {
    expect(await failure(names[name]?.() ?? Promise.resolve())).toMatchObject({ code: 'not-found' });
  }
});

test('a contract is checked, and its handlers know who calls', async () => {
  await using child = await openFrontDoorChild({ keys, callers });
  await using guarded = await connect(child.guardedTarget, { ...asAlice, contract: guardedContract });
  expect(await guarded.whoAmI({})).toBe('alice');
  expect(await guarded.add({ a: 1, b: 2 })).toBe(3);
  expect(await Array.fromAsync(guarded.count({ to: 3 }))).toEqual([1, 2, 3]);
  expect(await failure(guarded.add({ a: 'one' as unknown as number, b: 2 }))).toMatchObject({ code: 'invalid' });
});

test('who is not known, or calls the wrong server, is told what is wrong', async () => {
  await using child = await openFrontDoorChild({ keys, callers });
  const [, address = ''] = /^(.*)\/math$/.exec(child.target) ?? [];
  const check = async (options: Parameters<typeof connect>[1], code: string, message: string): Promise<void> => {
    const error = await failure(connect(child.target, options));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  };
  await check({ ...asAlice, keys: mallory }, 'denied', `nobody known holds the key ${mallory.publicKey}`);
  await check({ ...asAlice, serverKey: mallory.publicKey }, 'unavailable', 'does the server hold another key?');
  await check({ keys: alice }, 'invalid', 'give the server\'s public key as "serverKey"');
  await check({}, 'denied', `the server at ${address} speaks CURVE: give its public key`);
  await check({ token: 'guessed' }, 'invalid', `the token is not shown to ${address}: give the server's public key`);
  await check({ token: 'guessed', serverKey: keys.publicKey }, 'denied', 'the token is not valid');
});

test('where nobody listens it is said at once, and a wish to stop ends the wait', async () => {
  const error = await failure(connect('tcp://127.0.0.1:1/math', asAlice));
  expect(error).toMatchObject({
    code: 'unavailable',
    message: 'cannot reach tcp://127.0.0.1:1: the connection was refused: is it running there?',
  });
  // Where nothing was ever connected there is no hint that the key may be wrong.
  expect(await failure(connect('tcp://255.255.255.255:1/math', asAlice))).toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(
      /^cannot reach [^ ]+: the connection failed: connect E[A-Z]+ 255.255.255.255:1[^?]*$/,
    ),
  });
  const stop = AbortSignal.abort(new Error('stopped'));
  expect(await failure(connect('tcp://127.0.0.1:1/math', { ...asAlice, signal: stop }))).toMatchObject({
    message: 'stopped',
  });
});

test('when the server is started again the next call finds it', async () => {
  const first = await openFrontDoorChild({ keys, callers });
  await using _first = first;
  await using math = await connect<typeof methods>(first.target, asAlice);
  const running = failure(math.hang());
  expect(await math.pid()).toBe(first.pid);
  await first.kill();
  expect(await running).toMatchObject({ code: 'unavailable' });
  const [, at = ''] = /^(.*)\/math$/.exec(first.target) ?? [];
  await using second = await openFrontDoorChild({ keys, callers, at });
  expect(await math.pid()).toBe(second.pid);
});

test('a program with nothing else to do stays for a call or a stream that waits for its server', async () => {
  const first = await openFrontDoorChild({ keys, callers });
  await using _first = first;
  const [, at = ''] = /^(.*)\/math$/.exec(first.target) ?? [];
  const file = fileURLToPath(new URL('./waiting-script.ts', import.meta.url));
  const options = JSON.stringify({ target: first.target, ...asAlice });
  const script = spawn(process.execPath, [file, options], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const lines: string[] = [];
    createInterface(script.stdout).on('line', (line) => lines.push(line));
    const printed = async (...expected: string[]): Promise<void> => {
      const isDone = (): boolean => lines.join() === expected.join() || script.exitCode !== null;
      await until(`it prints ${expected.join(', ')}`, isDone, { timeoutMs: 30_000 });
      expect([lines, script.exitCode]).toEqual([expected, null]);
    };
    await printed('connected');
    await first.kill();
    await using second = await openFrontDoorChild({ keys, callers, at });
    await printed('connected', '3', 'only');
    await second.kill();
    await using _third = await openFrontDoorChild({ keys, callers, at });
    await printed('connected', '3', 'only', 'only');
  } finally {
    script.kill('SIGKILL');
  }
});

test('of several replicas one may die, and calls go to the others', async () => {
  await using left = await openFrontDoorChild({ keys, callers });
  await using right = await openFrontDoorChild({ keys, callers });
  await using math = await connect<typeof methods>([left.target, right.target], asAlice);
  const pidsOf = async (count: number): Promise<Set<number>> =>
    new Set(await Promise.all(Array.from({ length: count }, () => math.pid())));
  await until('both answer', async () => (await pidsOf(20)).size === 2);
  await left.kill();
  await until('one is left', async () => (await pidsOf(20)).size === 1);
  expect(await pidsOf(20)).toEqual(new Set([right.pid]));
});

test('several targets of which none answers are refused with what each said last', async () => {
  const targets = ['tcp://127.0.0.1:1/math', { target: 'tcp://127.0.0.1:2/math', serverKey: keys.publicKey }];
  expect(await failure(connect(targets, asAlice))).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('the connection was refused'),
  });
  const check = async (given: Parameters<typeof connect>[0], message: string): Promise<void> =>
    expect(await failure(connect(given, asAlice))).toMatchObject({ code: 'invalid', message });
  await check([], 'targets are one or more of one service: there is none');
  await check(
    ['tcp://127.0.0.1:1/a', 'tcp://127.0.0.1:1/b'],
    'targets are one or more of one service: these are of a, b',
  );
  await check('registry:math', 'registry:math needs a resolver, which knows where the instances are');
  await check(['registry:math', 'tcp://127.0.0.1:1/math'], 'registry:math is given alone');
});

test('a registry names the instances, each with its key', async () => {
  await using child = await openFrontDoorChild({ keys, callers });
  const resolver: Resolver = async function* resolve(service, signal) {
    const [, address = ''] = /^(.*)\/math$/.exec(child.target) ?? [];
    yield [];
    yield* staticResolver([{ id: `${service}-1`, address, serverKey: keys.publicKey }])(service, signal);
  };
  await using math = await connect<typeof methods>('registry:math', { keys: alice, resolver });
  expect(await math.pid()).toBe(child.pid);
});

test('a unix socket takes tokens without keys, and keys where the server has some', async () => {
  await using directory = await openTemporaryDirectory();
  const at = `ipc://${directory.path}/x.sock`;
  const object = { whereAmI: () => 'here' };
  {
    await using server = await serve({
      name: 'local',
      methods: object,
      at,
      tokens: { 'a secret': 'script' },
      log: silentLog,
    });
    expect([server.target, server.publicKey]).toEqual([`${at}/local`, undefined]);
    await using local = await connect<typeof object>(server.target, { token: 'a secret' });
    expect(await local.whereAmI()).toBe('here');
    expect(await failure(connect(server.target, { token: 'another' }))).toMatchObject({ code: 'denied' });
    expect(await failure(connect(server.target, asAlice))).toMatchObject({ code: 'denied' });
  }
  await using server = await serve({ name: 'local', methods: object, at: [at, 'tcp://127.0.0.1:0'], keys, callers });
  expect(server.targets).toHaveLength(2);
  for (const target of server.targets) {
    await using local = await connect<typeof object>(target, asAlice);
    expect(await local.whereAmI()).toBe('here');
  }
});
