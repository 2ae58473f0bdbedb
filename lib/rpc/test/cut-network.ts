// Started by liveness.system.test.ts in a network of its own. Starts itself again in another one, joined to it by a cable:
// there a server, here two clients, one of which has a call on its way when the cable is cut. With the word "busy" the
// server is held up before. Prints what each end noticed.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { OperatingError, silentLog, systemClock } from '@plumb/base';
import { until } from '@plumb/testing';
import { type Channel, createConnection, createDispatcher } from '../src/index.ts';
import { listenZeromq, openZeromqChannel } from '../src/node.ts';

const CLIENT = { name: 'near', ip: '10.9.0.1', mac: '02:00:00:00:00:01' };
const SERVER = { name: 'far', ip: '10.9.0.2', mac: '02:00:00:00:00:02' };
/** Whoever has not noticed within this time is not reported. */
const NOTICE_MS = 20_000;

const ip = (words: string): unknown => execFileSync('ip', words.split(' '));

/** Names the other end by its hardware address, so that nobody asks for it. */
function plugIn(own: typeof CLIENT, other: typeof CLIENT): void {
  ip(`link set ${own.name} address ${own.mac} up`);
  ip(`addr add ${own.ip}/24 dev ${own.name}`);
  ip(`neigh replace ${other.ip} lladdr ${other.mac} dev ${own.name}`);
}

/** TCP asks whether the other side is there only while it waits for nothing: `tx_queue` of proc_net_tcp(5). */
function hasNothingOnItsWay(): boolean {
  const [, ...lines] = fs.readFileSync('/proc/self/net/tcp', 'utf8').trim().split('\n');
  return lines.every((line) => line.trim().split(/\s+/)[4]?.startsWith('00000000:'));
}

type Noticed = Record<string, { readonly afterMs: number; readonly message: string }>;

async function watchEnds(ends: ReadonlyMap<string, Channel>): Promise<Noticed> {
  const startedAt = performance.now();
  const noticed: Noticed = {};
  const waiting = [...ends].map(async ([name, { closed }]) => {
    if (!closed.aborted) await new Promise((resolve) => closed.addEventListener('abort', resolve));
    const { reason } = closed as { readonly reason: unknown };
    const message = reason instanceof OperatingError ? reason.message : String(reason);
    noticed[name] = { afterMs: Math.round(performance.now() - startedAt), message };
  });
  // A timer of its own: those of the clock keep no process alive.
  const { promise: isLate, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, NOTICE_MS);
  await Promise.race([Promise.all(waiting), isLate]);
  clearTimeout(timer);
  return noticed;
}

async function runServer(): Promise<void> {
  process.send?.('in a network of its own');
  await once(process, 'message'); // The cable is there.
  plugIn(SERVER, CLIENT);
  const ends = new Map<string, Channel>();
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.addObject('object', { never: () => new Promise(() => undefined) });
  const server = await listenZeromq({
    addresses: [`tcp://${SERVER.ip}:0`],
    authenticate: async (token) => ({ id: token, scopes: ['*'] }),
    accept(channel, caller) {
      ends.set(`the server's end of ${caller.id}`, channel);
      dispatcher.accept(channel, caller);
    },
    log: silentLog,
    clock: systemClock,
  });
  process.send?.(server.addresses[0]);
  await once(process, 'message'); // Both clients are there.
  await until('the clients have everything', hasNothingOnItsWay);
  process.send?.('cut it');
  await once(process, 'message'); // The cable was cut.
  process.send?.(await watchEnds(ends));
}

async function runClients(isServerBusy: boolean): Promise<void> {
  const server = spawn('unshare', ['-n', process.execPath, import.meta.filename, 'server'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const heard = async (): Promise<unknown> => ((await once(server, 'message')) as [unknown])[0];
  await heard();
  ip(`link add ${CLIENT.name} type veth peer name ${SERVER.name}`);
  ip(`link set ${SERVER.name} netns ${server.pid}`);
  plugIn(CLIENT, SERVER);
  server.send('plugged in');
  const address = (await heard()) as string;
  const ends = new Map<string, Channel>();
  for (const token of ['the idle client', 'the caller']) ends.set(token, await openZeromqChannel({ address, token }));

  server.send('connected');
  await heard();
  if (isServerBusy) {
    server.kill('SIGSTOP');
    await until('the server is busy', () => ends.values().every(({ liveness }) => liveness?.() === 'busy'));
  }
  // Packets leave as ever, and are for nobody.
  ip(`link set ${CLIENT.name} address 02:00:00:00:00:11`);
  ip(`neigh replace ${SERVER.ip} lladdr 02:00:00:00:00:22 dev ${CLIENT.name}`);
  server.send('cut');
  const caller = ends.get('the caller');
  if (caller !== undefined) void createConnection(caller).call('object.never', [], { timeoutMs: 60_000 }).catch(String);
  const [near, far] = await Promise.all([watchEnds(ends), isServerBusy ? {} : heard()]);
  process.stdout.write(`${JSON.stringify({ ...near, ...(far as Noticed) })}\n`);
  server.kill('SIGKILL');
  process.disconnect?.();
}

await (process.argv[2] === 'server' ? runServer() : runClients(process.argv[2] === 'busy'));
