// A caller that blocks, and a program that it calls: in another process, since this one does nothing while it waits.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OperatingError } from '@plumb/base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectSync, type ConnectSyncOptions, generateKeyPair, type SyncClient } from '../src/node.ts';
import { guardedContract, type methods } from './front-door-child.ts';
import { type FrontDoorChild, openFrontDoorChild } from './open-front-door-child.ts';
import { RICH_VALUES } from './values.ts';

const [keys, alice, mallory] = [generateKeyPair(), generateKeyPair(), generateKeyPair()];
const callers = { [alice.publicKey]: 'alice' };
const asAlice = { keys: alice, serverKey: keys.publicKey };
let child: FrontDoorChild;

beforeAll(async () => {
  child = await openFrontDoorChild({ keys, callers });
});
afterAll(() => child.kill());

const open = (options: ConnectSyncOptions = {}): SyncClient<typeof methods> & Disposable =>
  connectSync<typeof methods>(child.target, { ...asAlice, ...options });

function failureOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

test('a call returns its value, and throws what the service throws', () => {
  using math = open();
  expect(math.add(1, 2)).toBe(3);
  expect(math.text.upper('loud')).toBe('LOUD');
  expect(math.close()).toBe('a method like any other');
  for (const value of RICH_VALUES) expect(math.echo(value)).toEqual(value);
  const refusal = failureOf(() => math.refuse());
  expect(refusal).toBeInstanceOf(OperatingError);
  expect(refusal).toMatchObject({ code: 'conflict', message: 'it is at revision 7', details: { revision: 7 } });
  expect(failureOf(() => math.echo(Symbol('x')))).toMatchObject({ code: 'invalid' });
  expect(math.add(1, 2)).toBe(3);
  expect(math.caller()).toBe('alice');
});

test('a function in an argument is called while the call waits', () => {
  using math = open();
  const seen: number[] = [];
  const double = (n: number): number => {
    seen.push(n);
    return 2 * n;
  };
  expect(math.each(3, double)).toBe(12);
  expect(seen).toEqual([1, 2, 3]);
  expect([...math.answers(3, double)]).toEqual([2, 4, 6]);
  // It may call as well, while the outer call waits.
  const inner = (n: number): number => math.add(n, math.each(n, double));
  expect(math.each(2, inner)).toBe(3 + 8);
  // And the outer call may have its answer before the inner one has.
  expect(math.notify((n) => math.add(n, 1))).toBe('done');
});

test('what a function throws is for the service where it is an operating error, and for the caller where it is a bug', () => {
  using math = open();
  const refuse = (): never => {
    throw new OperatingError('conflict', 'no');
  };
  expect(math.each(2, refuse)).toBe(2_000);
  const bug = new TypeError('a bug');
  const fail = (): never => {
    throw bug;
  };
  expect(failureOf(() => math.each(2, fail))).toBe(bug);
  expect(failureOf(() => [...math.answers(2, fail)])).toBe(bug);
  expect(math.each(2, async () => 1)).toBe(2_000);
  const numbers = async function* numbers(): AsyncGenerator<number> {
    yield 1;
  };
  expect(failureOf(() => math.sum(numbers()))).toMatchObject({
    code: 'invalid',
    message: 'a blocking call cannot give a stream: give a list, or use "connect"',
  });
  expect(math.add(1, 2)).toBe(3);
});

test('a stream is iterated like a list, in full or in part', () => {
  using math = open();
  let sum = 0;
  for (const n of math.count(100_000)) sum += n;
  expect(sum).toBe(5_000_050_000);
  expect([...math.count(0)]).toEqual([]);
  for (const n of math.count(1_000_000_000)) if (n === 1_000) break;
  const [left, right] = [math.count(3)[Symbol.iterator](), math.count(3)[Symbol.iterator]()];
  expect([left.next(), right.next(), left.next()].map(({ value }) => value)).toEqual([1, 1, 2]);
});

test('nothing blocks longer than it was told', () => {
  using math = open({ timeoutMs: 1_000 });
  expect(failureOf(() => math.hang())).toMatchObject({ code: 'deadline' });
  const quiet = math.quiet()[Symbol.iterator]();
  expect(quiet.next()).toEqual({ done: false, value: 'only' });
  const startedMs = performance.now();
  expect(failureOf(() => quiet.next())).toMatchObject({ code: 'deadline' });
  expect(performance.now() - startedMs).toBeGreaterThan(990);
  expect(quiet.next()).toEqual({ done: true, value: undefined });
  expect(math.add(1, 2)).toBe(3);
});

test('a contract is called by its methods', () => {
  using guarded = connectSync(child.guardedTarget, { ...asAlice, contract: guardedContract });
  expect(guarded.whoAmI({})).toBe('alice');
  expect([...guarded.count({ to: 3 })]).toEqual([1, 2, 3]);
  expect(failureOf(() => guarded.add({ a: 'one' as unknown as number, b: 1 }))).toMatchObject({ code: 'invalid' });
});

test('who cannot connect learns why', () => {
  expect(failureOf(() => open({ keys: mallory }))).toMatchObject({
    code: 'denied',
    message: expect.stringContaining(`nobody known holds the key ${mallory.publicKey}`),
  });
  expect(failureOf(() => connectSync('tcp://127.0.0.1:1/math', asAlice))).toMatchObject({ code: 'unavailable' });
  expect(failureOf(() => connectSync('tcp://127.0.0.1:1', asAlice))).toMatchObject({ code: 'invalid' });
  expect(failureOf(() => connectSync('registry:math', asAlice))).toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('needs a resolver'),
  });
});

test('what is closed says so', () => {
  const math = open();
  math[Symbol.dispose]();
  math[Symbol.dispose]();
  expect(failureOf(() => math.add(1, 2))).toMatchObject({
    code: 'unavailable',
    message: 'the blocking connection is closed: it was closed by this side: connect again',
  });
});

test('when the server is started again the next call finds it', async () => {
  const first = await openFrontDoorChild({ keys, callers });
  await using _first = first;
  using math = connectSync<typeof methods>(first.target, asAlice);
  expect(math.pid()).toBe(first.pid);
  await first.kill();
  const [, at = ''] = /^(.*)\/math$/.exec(first.target) ?? [];
  await using second = await openFrontDoorChild({ keys, callers, at });
  expect(math.pid()).toBe(second.pid);
});

test('a script that leaves its client open ends by itself', async () => {
  const file = fileURLToPath(new URL('./connect-sync-script.ts', import.meta.url));
  const options = JSON.stringify({ target: child.target, ...asAlice });
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file, options], { timeout: 60_000 });
  expect([stdout, stderr]).toEqual(['3 1 2 3 LOUD\n', '']);
});
