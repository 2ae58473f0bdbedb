// RPC over ZeroMQ with CURVE: all that RPC promises, who is let in by which proof, and what the network sees.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type OperatingError, silentLog, systemClock } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type Caller, type Channel, createConnection, createDispatcher } from '../src/index.ts';
import { generateKeyPair, type KeyPair, type Listener, listenZeromq, openZeromqChannel } from '../src/node.ts';
import type { OpenZeromqOptions } from '../src/open-zeromq-channel.ts';
import { openOverCurve, portOf, TOKEN } from './open-zeromq.ts';
import { rpcSuite } from './rpc-suite.ts';
import { openProxy } from './tcp-proxy.ts';
import { RICH_VALUES } from './values.ts';

rpcSuite('ZeroMQ with CURVE', openOverCurve, { values: RICH_VALUES });

const server = generateKeyPair();
const alice = generateKeyPair();

type Door = AsyncDisposable & Pick<Listener, 'addresses'> & { readonly asked: string[] };

/** Alice is known by her key, and `tester` by his token. `whoami` answers who calls. */
async function openDoor(options: { addresses?: string[]; unixSockets?: boolean } = {}): Promise<Door> {
  const { addresses = ['tcp://127.0.0.1:0'], unixSockets } = options;
  const asked: string[] = [];
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.addObject('door', { greet: (text: string) => `hello ${text}` });
  const listener = await listenZeromq({
    addresses,
    authenticate: async (token) => {
      asked.push(token);
      return token === TOKEN ? { id: 'tester', scopes: ['*'] } : undefined;
    },
    curve: {
      secretKey: server.secretKey,
      unixSockets,
      identify: async (publicKey, address) => {
        asked.push(`${publicKey} ${address.replace(/\d+$/, 'PORT')}`);
        return publicKey === alice.publicKey ? { id: 'alice', scopes: ['*'] } : undefined;
      },
    },
    accept: (channel, caller) => {
      callers.push(caller);
      dispatcher.accept(channel, caller);
    },
    log: silentLog,
    clock: systemClock,
  });
  callers.length = 0;
  return { addresses: listener.addresses, asked, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

const callers: Caller[] = [];

async function failure(promise: Promise<unknown>): Promise<OperatingError> {
  return promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: OperatingError) => error,
  );
}

const withKey = (keys?: KeyPair): OpenZeromqOptions['curve'] => ({ serverKey: server.publicKey, keys });

test('who proves a known key needs no token, and has the name of the key', async () => {
  await using door = await openDoor();
  const [address = ''] = door.addresses;
  const channel = await openZeromqChannel({ address, curve: withKey(alice) });
  expect(callers).toEqual([{ id: 'alice', scopes: ['*'] }]);
  expect(door.asked).toEqual([`${alice.publicKey} tcp://127.0.0.1:PORT`]);
  channel.close();
});

test('a key that nobody knows may still show a token; without one it is denied, late', async () => {
  await using door = await openDoor();
  const [address = ''] = door.addresses;
  (await openZeromqChannel({ address, token: TOKEN, curve: withKey() })).close();
  (await openZeromqChannel({ address, token: TOKEN, curve: withKey(generateKeyPair()) })).close();
  expect(callers.map(({ id }) => id)).toEqual(['tester', 'tester']);
  const check = async (token: string | undefined, message: string): Promise<void> => {
    const startedAt = performance.now();
    const error = await failure(openZeromqChannel({ address, token, curve: withKey() }));
    expect(error).toMatchObject({ code: 'denied', message: expect.stringContaining(message) });
    expect(performance.now() - startedAt).toBeGreaterThan(450);
  };
  await check(undefined, 'nobody known holds the key ');
  await check('guessed', 'the token is not valid');
  expect(callers).toHaveLength(2);
  // No token is not a token that somebody could have.
  expect(door.asked).not.toContain('');
});

test('a side without CURVE, or with the key of another server, is told so at once', async () => {
  await using directory = await openTemporaryDirectory();
  await using door = await openDoor({ addresses: ['tcp://127.0.0.1:0', `ipc://${directory.path}/rpc.sock`] });
  const [tcp = '', ipc = ''] = door.addresses;
  const check = async (options: OpenZeromqOptions, expected: object): Promise<void> => {
    const startedAt = performance.now();
    expect(await failure(openZeromqChannel(options))).toMatchObject(expected);
    expect(performance.now() - startedAt).toBeLessThan(2_500); // The limit for opening is 5 s.
  };
  await check(
    { address: tcp, token: TOKEN },
    { code: 'denied', message: `the server at ${tcp} speaks CURVE: give its public key` },
  );
  await check(
    { address: ipc, curve: withKey(alice) },
    { code: 'denied', message: expect.stringContaining('does not speak CURVE, so it cannot prove who it is') },
  );
  await check(
    { address: tcp, curve: { serverKey: generateKeyPair().publicKey, keys: alice } },
    { code: 'unavailable', message: expect.stringContaining('does the server hold another key?') },
  );
  await check(
    { address: tcp, curve: { serverKey: 'short', keys: alice } },
    { code: 'invalid', message: "the server's public key has 5 characters, not 40: is it the whole line?" },
  );
  expect(door.asked).toEqual([]);
});

test('unix sockets stay plain beside encrypted TCP, unless they shall not', async () => {
  await using directory = await openTemporaryDirectory();
  const socket = `ipc://${directory.path}/rpc.sock`;
  {
    await using door = await openDoor({ addresses: [socket, 'tcp://127.0.0.1:0'] });
    const [ipc = '', tcp = ''] = door.addresses;
    expect(ipc).toBe(socket);
    const plain = await openZeromqChannel({ address: ipc, token: TOKEN });
    const sealed = await openZeromqChannel({ address: tcp, curve: withKey(alice) });
    expect(callers.map(({ id }) => id)).toEqual(['tester', 'alice']);
    for (const channel of [plain, sealed] satisfies Channel[]) channel.close();
  }
  await using _door = await openDoor({ addresses: [socket], unixSockets: true });
  (await openZeromqChannel({ address: socket, curve: withKey(alice) })).close();
  expect((await failure(openZeromqChannel({ address: socket, token: TOKEN }))).message).toContain('speaks CURVE');
  expect(callers.map(({ id }) => id)).toEqual(['alice']);
});

// Goal: nothing that is said can be read on the way. Method: a proxy that keeps every byte of both directions, with and
// without CURVE, so that the test shows that it looks in the right place.
test('neither the token nor what is called can be seen on the wire', async () => {
  const seenBy = async (address: string, options: Omit<OpenZeromqOptions, 'address'>): Promise<string> => {
    await using proxy = await openProxy({ host: '127.0.0.1', port: portOf(address) });
    using connection = createConnection(await openZeromqChannel({ address: proxy.address, ...options }));
    expect(await connection.call('door.greet', ['somebody'])).toBe('hello somebody');
    return Buffer.concat(proxy.passed).toString('latin1');
  };
  const words = [TOKEN, 'door.greet', 'hello somebody'];
  await using door = await openDoor();
  const sealed = await seenBy(door.addresses[0] ?? '', { token: TOKEN, curve: withKey() });
  expect(sealed).toContain('CURVE');
  expect(words.filter((word) => sealed.includes(word))).toEqual([]);

  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.addObject('door', { greet: (text: string) => `hello ${text}` });
  await using plainDoor = await listenZeromq({
    addresses: ['tcp://127.0.0.1:0'],
    authenticate: async () => ({ id: 'tester', scopes: ['*'] }),
    accept: dispatcher.accept,
    log: silentLog,
    clock: systemClock,
  });
  const plain = await seenBy(plainDoor.addresses[0] ?? '', { token: TOKEN });
  expect(words.filter((word) => plain.includes(word))).toEqual(words);
});

test('a program that does not use CURVE does not load libsodium', async () => {
  const program = (use: string): string => `
    const { generateKeyPair, listenZeromq, openZeromqChannel } = await import('@plumb/rpc/node');
    const { silentLog: log, systemClock: clock } = await import('@plumb/base');
    const keys = generateKeyPair();
    const curve = ${use} ? { secretKey: keys.secretKey, identify: async () => ({ id: 'x', scopes: [] }) } : undefined;
    const authenticate = async () => ({ id: 'x', scopes: [] });
    const addresses = ['tcp://127.0.0.1:0'];
    const server = await listenZeromq({ addresses, authenticate, curve, accept: () => undefined, log, clock });
    const client = curve && { serverKey: keys.publicKey };
    const channel = await openZeromqChannel({ address: server.addresses[0], token: 'x', curve: client });
    channel.close();
    await server[Symbol.asyncDispose]();
    console.log(process.report.getReport().sharedObjects.some((file) => file.includes('sodium')));
  `;
  const run = async (use: string): Promise<string> => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program(use)], {
      cwd: import.meta.dirname,
    });
    return stdout.trim();
  };
  expect([await run('false'), await run('true')]).toEqual(['false', 'true']);
});
