/** The Consul door without a socket, on a fake clock. A store that is given twice is a restart. */
import { seededRandom, silentLog } from '@plumb/base';
import { createMemoryEngine, type Kv, type MemoryRecords, openKv } from '@plumb/kv';
import { announceTo, type ConsulAnswer, type ConsulDoor, openConsulDoor } from '@plumb/registry/consul';
import { type RegistryClient, registryContract } from '@plumb/registry';
import { openRegistry } from '@plumb/registry/server';
import { type Caller, connectInProcess } from '@plumb/rpc';
import { createFakeClock, type FakeClock } from '@plumb/testing';

export const NODE = 'node1';
export const ALL: Caller = { id: 'all', scopes: ['*'] };

export type Ask = {
  readonly caller?: Caller;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
};

export type DoorWorld = AsyncDisposable & {
  readonly clock: FakeClock;
  readonly kv: Kv;
  readonly door: ConsulDoor;
  /** As `ALL`. */
  readonly registry: RegistryClient;
  /** Who looked which service up. */
  readonly looked: readonly string[];
  /** `PUT /v1/kv/a?cas=1`. Text is sent as it is, anything else as JSON. */
  readonly ask: (what: string, options?: Ask) => Promise<ConsulAnswer>;
  /** The JSON of an answer that must be good. */
  readonly json: (what: string, options?: Ask) => Promise<unknown>;
};

const NEVER = new AbortController().signal;

export async function openDoorWorld({
  clock = createFakeClock(),
  records = new Map(),
  wrap = (kv) => kv,
}: {
  readonly clock?: FakeClock;
  readonly records?: MemoryRecords;
  /** What the door is given in place of the store. */
  readonly wrap?: (kv: Kv) => Kv;
} = {}): Promise<DoorWorld> {
  await using opening = new AsyncDisposableStack();
  const kv = opening.use(await openKv(createMemoryEngine(records), { clock }));
  const { handlers } = opening.use(await openRegistry({ kv, clock, log: silentLog, hostName: NODE }));
  const registry = opening.use(connectInProcess(registryContract, handlers, ALL, { clock }));
  const looked: string[] = [];
  const door = opening.use(
    await openConsulDoor({
      kv: wrap(kv),
      clock,
      random: seededRandom(1),
      log: silentLog,
      agent: { nodeName: NODE, datacenter: 'dc1', address: '127.0.0.1', port: () => 7_700 },
      announcer: announceTo(handlers),
      noteUse: (service, { id }) => looked.push(`${id} ${service}`),
    }),
  );
  const ask = async (what: string, { caller = ALL, body, signal = NEVER }: Ask = {}): Promise<ConsulAnswer> => {
    const [method = '', target = ''] = what.split(' ');
    const [path = '', query = ''] = target.split('?');
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    return door.answer({
      method,
      path,
      query: new URLSearchParams(query),
      body: Buffer.from(text),
      caller,
      signal: () => signal,
    });
  };
  const open = opening.move();
  return {
    clock,
    kv,
    door,
    registry,
    looked,
    ask,
    async json(what, options) {
      const { status, body } = await ask(what, options);
      if (status !== 200) throw new Error(`${what}: ${status} ${String(body)}`);
      return JSON.parse(String(body)) as unknown;
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** `503 text`. */
export function statusAndBody({ status, body }: ConsulAnswer): string {
  return `${status} ${String(body)}`;
}
