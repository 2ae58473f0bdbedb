/** A fleet of one application on a configuration service, whose gate answers what the test says. */
import { seededRandom, silentLog } from '@plumb/base';
import { type Kv, openMemoryKv } from '@plumb/kv';
import { connectInProcess } from '@plumb/rpc';
import { createFakeClock, type FakeClock, until } from '@plumb/testing';
import { type ConfigClient, configContract, type Rollout } from '../src/index.ts';
import { type ConfigService, openConfigStore } from '../src/server.ts';
import { createFleet, type Fleet } from './fleet.ts';

export const APPLICATION = 'shop';

type StartInput = Parameters<ConfigClient['startRollout']>[0];

export type RolloutWorld = AsyncDisposable & {
  readonly clock: FakeClock;
  /** Those for whom `title` is `old` until something else is rolled out. */
  readonly fleet: Fleet;
  readonly journal: string[];
  /** What the gate's query answers; an error is thrown. */
  gate: number | undefined | Error | Promise<number>;
  /** Ada, who may do everything, on the service of the time. */
  readonly config: () => ConfigClient;
  readonly asProcess: (instance: string) => ConfigClient;
  /** The service ends and begins anew on the same store, and the fleet connects again. */
  readonly restart: () => Promise<void>;
  /** Of `title` to `new`, where nothing else is said. */
  readonly start: (input?: Partial<StartInput>) => Promise<Rollout>;
  readonly latest: () => Promise<Rollout | undefined>;
  /** Lets time pass until it is so. */
  readonly pass: (what: string, check: () => boolean | Promise<boolean>) => Promise<void>;
  readonly passUntil: (state: Rollout['state'], reason?: string) => Promise<void>;
};

export type RolloutWorldOptions = {
  /** What each service has in place of the store: for one that can be killed. */
  readonly wrap?: (kv: Kv) => Kv;
  /** Sees each event of each instance. */
  readonly onEvent?: Parameters<typeof createFleet>[1]['onEvent'];
};

export async function openRolloutWorld(
  count: number,
  { wrap = (kv) => kv, onEvent }: RolloutWorldOptions = {},
): Promise<RolloutWorld> {
  await using opening = new AsyncDisposableStack();
  const clock = createFakeClock();
  const kv = opening.use(await openMemoryKv({ clock }));
  const journal: string[] = [];
  const openService = (): Promise<ConfigService> =>
    openConfigStore({
      kv: wrap(kv),
      clock,
      random: seededRandom(1),
      log: silentLog,
      async queryNumber() {
        if (world.gate instanceof Error) throw world.gate;
        return world.gate;
      },
      async journal(application, text) {
        journal.push(`${application}: ${text}`);
      },
    });
  let service: ConfigService;
  const as = (id: string, application?: string): ConfigClient =>
    connectInProcess(configContract, service.handlers, {
      id,
      scopes: application === undefined ? ['*'] : ['config:read'],
      application,
    });
  const asProcess = (instance: string): ConfigClient => as(instance, APPLICATION);
  const fleet = createFleet(asProcess, { application: APPLICATION, watched: 'title', onEvent });
  const config = (): ConfigClient => as('ada');
  const latest = async (): Promise<Rollout | undefined> => (await config().rollouts({ application: APPLICATION }))[0];
  const pass: RolloutWorld['pass'] = async (what, check) => {
    await until(what, async () => {
      if (await check()) return true;
      await clock.advance(1_000);
      return check();
    });
  };
  const world: RolloutWorld = {
    clock,
    fleet,
    journal,
    gate: 0,
    config,
    asProcess,
    async restart() {
      const names = fleet.instances.map(({ instance }) => instance);
      await fleet[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
      service = await openService();
      for (const name of names) fleet.join(name);
    },
    start: (input = {}) =>
      config().startRollout({ application: APPLICATION, changes: [{ key: 'title', value: 'new' }], ...input }),
    latest,
    pass,
    passUntil: (state, reason = '') =>
      pass(`it is ${state}: ${reason}`, async () => {
        const rollout = await latest();
        return rollout?.state === state && rollout.reason.includes(reason);
      }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
  service = await openService();
  opening.defer(() => service[Symbol.asyncDispose]());
  opening.use(fleet);
  await config().set({ application: APPLICATION, key: 'title', value: 'old' });
  for (let i = 0; i < count; i += 1) fleet.join(`shop-${i}`);
  await until('all have the old value', () => fleet.having('old').length === count);
  const open = opening.move();
  return world;
}
