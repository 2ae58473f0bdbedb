import type { Clock, Log, Random } from '@plumb/base';
import type { ConfigFeedEvent } from '@plumb/config/feed';
import type { Kv } from '@plumb/kv';
import type { SharedValue } from '@plumb/rpc';
import { createAccessHandlers } from './access-handlers.ts';
import { type ConfigAccess, createConfigAccess, requireOwn } from './config-access.ts';
import { ConfigStore } from './config-store.ts';
import type { ConfigHandlers } from './contract.ts';
import { Convergence } from './convergence.ts';
import { ChangeNews, noteStored } from './follow-changes.ts';
import { createGuardHandlers } from './guard-handlers.ts';
import { createPastHandlers } from './past-handlers.ts';
import { Proposals } from './proposals.ts';
import { Protection } from './protection.ts';
import { createReadHandlers } from './read-handlers.ts';
import { openReadEvidence } from './read-evidence.ts';
import { openRecipients } from './recipients.ts';
import type { QueryNumber } from './rollout-gate.ts';
import { createRolloutHandlers } from './rollout-handlers.ts';
import { openRolloutRecords } from './rollout-records.ts';
import { Rollouts } from './rollouts.ts';
import { createWriteHandlers } from './write-handlers.ts';

export type ConfigDependencies = {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Answers a gate of a rollout. Without it no gate is ever good, so that a rollout with one waits. */
  readonly queryNumber?: QueryNumber | undefined;
  /** Tells what a rollout has come to. */
  readonly journal?: ((application: string, text: string) => Promise<void>) | undefined;
};

/** Dispose it before the store that it is on. */
export type ConfigService = AsyncDisposable & { readonly handlers: ConfigHandlers };

/** The configuration service: one function a method. A process that Plumb runs sees its own application only. */
export async function openConfigStore({
  queryNumber = async () => undefined,
  journal = async () => undefined,
  ...dependencies
}: ConfigDependencies): Promise<ConfigService> {
  const { kv, clock, random, log } = dependencies;
  await using opening = new AsyncDisposableStack();
  const stop = new AbortController();
  const news = new ChangeNews(clock);
  const following = noteStored(kv, news, { clock, random, log, signal: stop.signal });
  opening.defer(async () => {
    stop.abort();
    await following;
  });
  const store = new ConfigStore(kv, clock);
  opening.defer(() => store.close());
  const convergence = new Convergence(clock, (application) => news.note(application, 'convergence'));
  const recipients = opening.use(await openRecipients(dependencies));
  const evidence = opening.use(await openReadEvidence(dependencies, (application) => news.note(application, 'reads')));
  const records = opening.use(await openRolloutRecords(dependencies));
  const access = createConfigAccess(recipients);
  const protection = new Protection(kv);
  const rollouts = opening.use(
    new Rollouts({ store, records, protection, convergence, queryNumber, journal, clock, log }),
  );
  const context = { store, access, protection, proposals: new Proposals(kv, clock), clock, log };
  const handlers: ConfigHandlers = {
    ...createReadHandlers(context),
    ...createWriteHandlers(context),
    ...createPastHandlers(context),
    ...createGuardHandlers(context),
    ...createRolloutHandlers({ store, rollouts, convergence, access }),
    ...createAccessHandlers({ store, recipients, evidence, convergence, news, clock, log }),
    watch: createWatch({ store, access, convergence }),
  };
  const open = opening.move();
  return { handlers, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

type WatchDependencies = {
  readonly store: ConfigStore;
  readonly access: ConfigAccess;
  readonly convergence: Convergence;
};

/** The feed of one application, which `convergence` hears of as long as it is followed. */
function createWatch({ store, access, convergence }: WatchDependencies): ConfigHandlers['watch'] {
  return async function* watch(
    { application, instance, ...coordinates },
    { caller, signal },
  ): AsyncGenerator<SharedValue<ConfigFeedEvent>> {
    requireOwn(application, caller);
    using lease = await store.open(application);
    const given = access.readerOf(caller, lease.hub.state, coordinates);
    // A process is itself, whatever it says. Who looks on without being an instance takes no part in rollouts.
    const own = given.instance ?? instance;
    if (own === undefined) return yield* lease.hub.watch(given, signal);
    const reader = { ...given, instance: own };
    yield* convergence.follow(application, reader, { caller, events: lease.hub.watch(reader, signal) });
  };
}
