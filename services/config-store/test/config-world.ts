/** The service on a store in memory and a clock of the test, with clients of whoever the test names. */
import { seededRandom, silentLog } from '@plumb/base';
import { type Kv, openMemoryKv } from '@plumb/kv';
import { type Caller, connectInProcess } from '@plumb/rpc';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import { type ConfigClient, configContract } from '../src/index.ts';
import { type ConfigService, openConfigStore } from '../src/server.ts';

export type ConfigWorld = AsyncDisposable & {
  readonly clock: FakeClock;
  readonly kv: Kv;
  readonly service: ConfigService;
  /** Ada, who may do everything. */
  readonly config: ConfigClient;
  readonly as: (caller: Caller) => ConfigClient;
  /** A process of an application, as plumbd knows it. */
  readonly asProcess: (application: string, id?: string) => ConfigClient;
};

/** Another one on the `kv` of a first is another plumbd on the same store. */
export async function openConfigWorld({ kv: given }: { readonly kv?: Kv } = {}): Promise<ConfigWorld> {
  await using opening = new AsyncDisposableStack();
  const clock = createFakeClock();
  const kv = given ?? opening.use(await openMemoryKv({ clock }));
  const service = opening.use(await openConfigStore({ kv, clock, random: seededRandom(1), log: silentLog }));
  const as = (caller: Caller): ConfigClient => open.use(connectInProcess(configContract, service.handlers, caller));
  const open = opening.move();
  return {
    clock,
    kv,
    service,
    config: as({ id: 'ada', scopes: ['*'] }),
    as,
    asProcess: (application, id = `${application}-1`) => as({ id, scopes: ['config:read'], application }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Who may do everything, under another name than Ada. */
export const BOB: Caller = { id: 'bob', scopes: ['*'] };
