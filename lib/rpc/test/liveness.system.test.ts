// Goal: who is busy is told from who is dead. Method: a real server in a process of its own that holds its event loop up,
// is stopped, is killed; a network that swallows what it carries, and one whose cable is cut.
import { type ChildProcess, execFile, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { hasRequirement, openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type Channel, type Connection, createConnection } from '../src/index.ts';
import { type OpenZeromqOptions, openZeromqChannel } from '../src/node.ts';
import { portOf } from './open-zeromq.ts';
import { openProxy } from './tcp-proxy.ts';

/** Longer than all that used to be waited for; with `npm run test:soak` the minute that is promised. */
const HOLD_MS = process.env['FUZZ_SECONDS'] === undefined ? 8_000 : 60_000;
const TIMEOUT = { timeoutMs: HOLD_MS + 30_000 };
/** Two seconds are needed; a machine with much else to do takes longer. */
const NOTICE_TIMEOUT = { timeoutMs: 10_000 };

type BusyServer = AsyncDisposable & {
  readonly child: ChildProcess;
  readonly addresses: readonly string[];
  readonly serverKey: string;
};

async function startServer(...addresses: string[]): Promise<BusyServer> {
  const child = fork(new URL('busy-server.ts', import.meta.url), addresses);
  const exited = once(child, 'exit');
  const [started] = (await once(child, 'message')) as [Pick<BusyServer, 'addresses' | 'serverKey'>];
  const dispose = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { child, ...started, [Symbol.asyncDispose]: dispose };
}

type Client = Disposable & {
  readonly channel: Channel;
  readonly connection: Connection;
  /** What it became, one after another. */
  readonly changes: readonly string[];
};

async function openClient(options: OpenZeromqOptions): Promise<Client> {
  const channel = await openZeromqChannel(options);
  const connection = createConnection(channel);
  const changes: string[] = [];
  channel.onLiveness?.((liveness) => changes.push(liveness));
  return { channel, connection, changes, [Symbol.dispose]: connection.close };
}

const isBusy = ({ channel }: Client): boolean => channel.liveness?.() === 'busy';

test(
  'a server that holds its event loop up is busy, not dead: calls complete on the connection they were made on',
  async () => {
    await using directory = await openTemporaryDirectory();
    await using server = await startServer('tcp://127.0.0.1:0', `ipc://${directory.path}/busy.sock`);
    const [tcp = '', ipc = ''] = server.addresses;
    const { serverKey } = server;
    using one = await openClient({ address: tcp, curve: { serverKey } });
    using other = await openClient({ address: ipc, token: 'any' });
    const clients = [one, other];
    expect(clients.map(isBusy)).toEqual([false, false]);

    const startedAt = performance.now();
    const held = one.connection.call('busy.hold', [HOLD_MS], TIMEOUT);
    await until('both see that it is busy', () => clients.every(isBusy), NOTICE_TIMEOUT);
    const answers = clients.map(({ connection }) => connection.call('busy.add', [1, 2], TIMEOUT));
    expect(await held).toBe(`held for ${HOLD_MS} ms`);
    expect(performance.now() - startedAt).toBeGreaterThan(HOLD_MS - 100);
    expect(await Promise.all(answers)).toEqual([3, 3]);
    await until('both see that it is back', () => !clients.some(isBusy));
    for (const { channel, changes } of clients) {
      expect(channel.closed.aborted).toBe(false);
      expect(changes).toEqual(['busy', 'alive']);
    }
    expect(await one.connection.call('busy.accepted', [])).toBe(2);
  },
  TIMEOUT.timeoutMs + 60_000,
);

test.concurrent('a server that is stopped is busy until it goes on, and one that is killed is gone at once', async () => {
  await using server = await startServer('tcp://127.0.0.1:0');
  const { child } = server;
  using client = await openClient({ address: server.addresses[0] ?? '', curve: { serverKey: server.serverKey } });
  child.kill('SIGSTOP');
  await until('it is busy', () => isBusy(client), NOTICE_TIMEOUT);
  const answer = client.connection.call('busy.add', [1, 2], TIMEOUT);
  child.kill('SIGCONT');
  expect(await answer).toBe(3);
  expect(isBusy(client)).toBe(false);

  child.kill('SIGSTOP');
  await until('it is busy again', () => isBusy(client), NOTICE_TIMEOUT);
  const lost = client.connection.call('busy.add', [1, 2], TIMEOUT);
  const killedAt = performance.now();
  child.kill('SIGKILL');
  await expect(lost).rejects.toMatchObject({ code: 'unavailable' });
  expect(performance.now() - killedAt).toBeLessThan(1_000);
});

test.concurrent('a connection that carries nothing, to a server that answers others, is given up', async () => {
  await using server = await startServer('tcp://127.0.0.1:0');
  await using proxy = await openProxy({ host: '127.0.0.1', port: portOf(server.addresses[0]) });
  using client = await openClient({ address: proxy.address, curve: { serverKey: server.serverKey } });
  proxy.swallow();
  const lost = client.connection.call('busy.add', [1, 2], { timeoutMs: 60_000 });
  await expect(lost).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('the other side answers others: this connection is broken') as string,
  });
});

/** Networks of one's own are for root, and for those whom the kernel allows it. */
const hasNetworks = spawnSync('unshare', '-n ip link add near type veth peer name far'.split(' ')).status === 0;
const canCut = hasRequirement('netns', 'run the tests as root, with iproute2', hasNetworks);

type Noticed = Readonly<Record<string, { readonly afterMs: number; readonly message: string }>>;

async function cutNetwork(...words: string[]): Promise<Noticed> {
  const program = [process.execPath, `${import.meta.dirname}/cut-network.ts`, ...words];
  const { stdout } = await promisify(execFile)('unshare', ['-n', ...program], { timeout: 60_000 });
  return JSON.parse(stdout) as Noticed;
}

test(
  'where the cable is cut, both ends notice, however busy the server is',
  { concurrent: true, skip: !canCut },
  async () => {
    const [noticed, busy] = await Promise.all([cutNetwork(), cutNetwork('busy')]);
    const names = [
      'the caller',
      'the idle client',
      "the server's end of the caller",
      "the server's end of the idle client",
    ];
    expect(Object.keys(noticed).toSorted()).toEqual(names);
    for (const name of ['the caller', 'the idle client']) {
      expect(noticed[name]?.message).toMatch(
        /^no sign of life came for over \d s, and tcp:.* took no connection for 4000 ms$/,
      );
      expect(noticed[name]?.afterMs).toBeLessThan(10_000);
    }
    expect(Object.keys(busy).toSorted()).toEqual(['the caller', 'the idle client']);
    // Its kernel had taken everything: TCP's own questions stay without an answer.
    for (const { message } of Object.values(busy)) expect(message).toContain('ETIMEDOUT');
  },
);
