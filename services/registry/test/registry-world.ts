/** A dictionary in memory, with a clock that stands still, and callers of every kind. */
import { type Log, silentLog } from '@plumb/base';
import { type Kv, openMemoryKv } from '@plumb/kv';
import { type Caller, connectInProcess } from '@plumb/rpc';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import { type RegistryClient, registryContract } from '../src/index.ts';
import { openRegistry, type ReadConfig, type RegistryService } from '../src/server.ts';

export const ADDRESS = { address: '127.0.0.1', port: 4_000 } as const;
export const KEY = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7';

export type World = AsyncDisposable & {
  readonly kv: Kv;
  readonly clock: FakeClock;
  readonly service: RegistryService;
  /** Who may do everything. */
  readonly registry: RegistryClient;
  /** A connection of its own for any caller; disposing it is its loss. */
  readonly connect: (caller: Partial<Caller>) => RegistryClient & Disposable;
  /** As a process that Plumb runs, by its instance id, which is `APPLICATION-1` where none is given. */
  readonly as: (application: string, id?: string) => RegistryClient & Disposable;
};

export type WorldOptions = {
  readonly kv?: Kv;
  readonly clock?: FakeClock;
  readonly readConfig?: ReadConfig;
  readonly log?: Log;
};

export async function openWorld({
  kv: given,
  clock = createFakeClock(),
  readConfig,
  log = silentLog,
}: WorldOptions = {}): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const kv = given ?? opening.use(await openMemoryKv({ clock }));
  const service = opening.use(await openRegistry({ kv, clock, log, hostName: 'here', readConfig }));
  const open = opening.move();
  const connect = (caller: Partial<Caller>): RegistryClient & Disposable =>
    open.use(connectInProcess(registryContract, service.handlers, { id: 'ada', scopes: ['*'], ...caller }, { clock }));
  return {
    kv,
    clock,
    service,
    registry: connect({}),
    connect,
    as: (application, id = `${application}-1`) =>
      connect({ id, scopes: ['registry:read', 'registry:register', 'config:read'], application }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** The ids of the instances of a service, ready or not, sorted. */
export async function idsOf(registry: RegistryClient, service = 'shop-web'): Promise<string[]> {
  const { instances } = await registry.resolve({ service, includeUnready: true });
  return instances.map(({ id }) => id).toSorted();
}
