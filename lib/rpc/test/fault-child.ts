/**
 * One side of a connection as a process of its own. Arguments: `serve`, which tells its parent its address; or `hang`, `read`
 * or `ask`, and the address at which to do so, which tell how it goes.
 */
import { OperatingError, silentLog, systemClock } from '@plumb/base';
import { createConnection, createDispatcher, createObjectClient, type ObjectClient } from '../src/index.ts';
import { openZeromqChannel } from '../src/node.ts';
import {
  type FaultMethods,
  HANG_CALLS,
  isLarge,
  ITEM_BYTES,
  LARGE_BYTES,
  LARGE_CALLS,
  type Told,
} from './fault-methods.ts';
import { listen, TOKEN } from './open-zeromq.ts';

const [role = '', address = ''] = process.argv.slice(2);

const tell = (told: Told): void => void process.send?.(told);

async function serve(): Promise<void> {
  const methods: FaultMethods = {
    large: (n) => new Uint8Array(LARGE_BYTES).fill(n),
    async *items() {
      for (let n = 0; ; n += 1) yield { n, filler: new Uint8Array(ITEM_BYTES) };
    },
    memory: () => ({ rssBytes: process.memoryUsage.rss() }),
    hang: () => new Promise(() => undefined),
  };
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.addObject('faults', methods);
  const server = await listen(['tcp://127.0.0.1:0'], dispatcher.accept, { id: 'tester', scopes: ['*'] });
  tell({ kind: 'address', address: server.addresses[0] ?? '' });
}

async function openFaults(): Promise<ObjectClient<FaultMethods>> {
  const channel = await openZeromqChannel({ address, token: TOKEN });
  return createObjectClient<FaultMethods>('faults', createConnection(channel), { timeoutMs: 600_000 });
}

async function hang(): Promise<void> {
  const faults = await openFaults();
  await Promise.all(Array.from({ length: HANG_CALLS }, () => faults.hang()));
}

async function read(): Promise<void> {
  const faults = await openFaults();
  let next = 0;
  for await (const { n } of faults.items()) {
    if (n !== next) tell({ kind: 'lost', n: next });
    next = n + 1;
    if (next % 100 === 0) tell({ kind: 'read', count: next });
  }
}

async function ask(): Promise<void> {
  const faults = await openFaults();
  const calls = Array.from({ length: LARGE_CALLS }, async (_, n) => {
    const answer = await faults.large(n % 256).catch((error: unknown) => error);
    if (answer instanceof OperatingError) return answer.code;
    return isLarge(answer, n) ? 'ok' : 'wrong';
  });
  tell({ kind: 'asked' });
  tell({ kind: 'ended', outcomes: await Promise.all(calls) });
}

const roles: Readonly<Record<string, () => Promise<void>>> = { serve, hang, read, ask };
await roles[role]?.();
