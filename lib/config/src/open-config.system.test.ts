import { OperatingError, silentLog, systemClock } from '@plumb/base';
import { createDispatcher } from '@plumb/rpc';
import { generateKeyPair, type KeyPair, type Listener, listenZeromq } from '@plumb/rpc/node';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { generateIdentity } from '@plumb/vault';
import path from 'node:path';
import { expect, test } from 'vitest';
import { configFeedContract, type ConfigFeedEvent, openConfig } from './index.ts';

type Curve = { readonly server: KeyPair; readonly web: KeyPair };

type Server = AsyncDisposable & {
  readonly address: string;
  readonly push: (event: ConfigFeedEvent) => void;
  readonly reports: number[];
};

/** Somebody who provides configuration: the feed contract on a real socket. */
async function openServer(address: string, first: ConfigFeedEvent, curve?: Curve): Promise<Server> {
  const reports: number[] = [];
  let events: ConfigFeedEvent[] = [first];
  let wake = Promise.withResolvers<void>();
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.add('config', configFeedContract, {
    async *watch(_input, { signal }) {
      const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      for (let index = 0; !signal.aborted;) {
        const event = events[index];
        if (event === undefined) {
          await Promise.race([wake.promise, aborted]);
          continue;
        }
        index += 1;
        yield event;
      }
    },
    report({ revision }) {
      reports.push(revision);
      return {};
    },
    reportReads: () => ({}),
  });
  const listener: Listener = await listenZeromq({
    addresses: [address],
    authenticate: async (token) => (token === 'good' ? { id: 'web-1', scopes: ['config:read'] } : undefined),
    curve: curve && {
      secretKey: curve.server.secretKey,
      identify: async (publicKey) =>
        publicKey === curve.web.publicKey ? { id: 'web-1', scopes: ['config:read'] } : undefined,
    },
    accept: dispatcher.accept,
    clock: systemClock,
    log: silentLog,
  });
  return {
    address: listener.addresses[0] ?? '',
    reports,
    push(event) {
      events = [...events, event];
      wake.resolve();
      wake = Promise.withResolvers();
    },
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

function environmentOf({ address }: { address: string }, token = 'good'): Record<string, string> {
  return { PLUMB_RPC: address, PLUMB_TOKEN: token, PLUMB_APPLICATION: 'tipjar', PLUMB_INSTANCE: 'web-1' };
}

test('without a plumbd an application runs on its defaults', async () => {
  await using config = await openConfig({ environment: {}, defaults: { title: 'Tip jar' } });
  expect(config.get('title')).toBe('Tip jar');
  await expect(openConfig({ environment: { PLUMB_RPC: 'tcp://127.0.0.1:1' } })).rejects.toMatchObject({
    code: 'invalid',
  });
});

test('changes arrive, each revision is reported, and the last values stay while the server is away', async () => {
  const server = await openServer('tcp://127.0.0.1:0', { kind: 'snapshot', revision: 5, values: { title: 'A' } });
  await using config = await openConfig({ environment: environmentOf(server) });
  expect(config.get('title')).toBe('A');
  await until('the first revision is reported', () => server.reports.join() === '5');
  server.push({ kind: 'change', revision: 6, changes: [{ key: 'title', value: 'B' }] });
  await until('the change is there', () => config.get('title') === 'B');
  await until('both revisions are reported', () => server.reports.join() === '5,6');

  await server[Symbol.asyncDispose]();
  expect(config.get('title')).toBe('B');
  await using again = await openServer(server.address, { kind: 'snapshot', revision: 9, values: { title: 'C' } });
  await until('the new server was found', () => config.get('title') === 'C');
  await until('it knows what is run', () => again.reports.includes(9));
});

test('a program that starts while the server is away has the values of its copy, and those of the server once it is back', async () => {
  await using directory = await openTemporaryDirectory();
  const first = await openServer('tcp://127.0.0.1:0', { kind: 'snapshot', revision: 5, values: { title: 'A' } });
  const environment = {
    ...environmentOf(first),
    PLUMB_CONFIG_COPY: path.join(directory.path, 'web.copy'),
    PLUMB_AGE_KEY: await generateIdentity(),
  };
  const earlier = await openConfig({ environment });
  await earlier[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();

  await using config = await openConfig({ environment });
  expect([config.get('title'), config.revision]).toEqual(['A', 5]);
  expect(config.status()).toMatchObject({ copy: { revision: 5 }, sources: [{ source: 'store', state: 'stale' }] });
  await using _again = await openServer(first.address, { kind: 'snapshot', revision: 9, values: { title: 'B' } });
  await until('the server was found', () => config.get('title') === 'B');
  expect(config.status()).toMatchObject({ revision: 9, sources: [{ state: 'ok' }] });
  expect(config.status().copy).toBeUndefined();
});

test('a wrong token is told at once', async () => {
  await using server = await openServer('tcp://127.0.0.1:0', { kind: 'snapshot', revision: 1, values: {} });
  const failure = await openConfig({ environment: environmentOf(server, 'bad') }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(OperatingError);
  expect(failure).toMatchObject({ code: 'denied' });
});

test('with keys the connection is encrypted, and the key is who the program is', async () => {
  const curve = { server: generateKeyPair(), web: generateKeyPair() };
  const first: ConfigFeedEvent = { kind: 'snapshot', revision: 5, values: { title: 'A' } };
  await using server = await openServer('tcp://127.0.0.1:0', first, curve);
  const { PLUMB_TOKEN: token = '', ...environment } = environmentOf(server);
  const openWith = (own: Record<string, string>): ReturnType<typeof openConfig> =>
    openConfig({ environment: { ...environment, PLUMB_RPC_KEY: curve.server.publicKey, ...own } });
  for (const own of [{ PLUMB_CURVE_KEY: curve.web.secretKey }, { PLUMB_TOKEN: token }]) {
    await using config = await openWith(own);
    expect(config.get('title')).toBe('A');
  }
  await expect(openWith({ PLUMB_CURVE_KEY: generateKeyPair().secretKey })).rejects.toMatchObject({
    code: 'denied',
    message: expect.stringContaining('nobody known holds the key'),
  });
  await expect(openConfig({ environment: { ...environment, PLUMB_TOKEN: token } })).rejects.toMatchObject({
    code: 'denied',
    message: expect.stringContaining('speaks CURVE: give its public key'),
  });
});
