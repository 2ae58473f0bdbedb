import { type Clock, type Log, OperatingError } from '@plumb/base';
import type { ConfigFeedEvent } from '@plumb/config/feed';
import type { Kv } from '@plumb/kv';
import type { Call, Caller } from '@plumb/rpc';
import { ConfigStore } from './config-store.ts';
import type { ConfigHandlers } from './contract.ts';
import { Convergence } from './convergence.ts';

/** Changes that `history` gives where the caller does not say. */
const HISTORY_LIMIT = 20;

export type ConfigDependencies = { readonly kv: Kv; readonly clock: Clock; readonly log: Log };

/** The configuration service: one function a method. A process that Plumb runs sees its own application only. */
export function createConfigHandlers({ kv, clock, log }: ConfigDependencies): ConfigHandlers {
  const store = new ConfigStore(kv, clock);
  const convergence = new Convergence(clock);
  return {
    get({ application, key }, { caller }) {
      requireOwn(application, caller);
      return store.get(application, key);
    },
    async snapshot({ application }, { caller }) {
      requireOwn(application, caller);
      const { revision, values } = await store.snapshot(application);
      return { revision, values };
    },
    list({ application }, { caller }) {
      const wanted = application ?? caller.application;
      if (wanted !== undefined) requireOwn(wanted, caller);
      return store.list(wanted);
    },
    async set({ application, key, value, ifRevision, comment }, { caller }) {
      requireOwn(application, caller);
      const outcome = await store.set(application, key, value, { author: caller.id, comment, ifRevision });
      // The value may be a secret: it is never logged.
      log.info('config.set', { application, key, caller: caller.id, outcome: outcome.kind });
      return outcome;
    },
    async unset({ application, key, ifRevision, comment }, { caller }) {
      requireOwn(application, caller);
      const outcome = await store.unset(application, key, { author: caller.id, comment, ifRevision });
      log.info('config.unset', { application, key, caller: caller.id, outcome: outcome.kind });
      return outcome;
    },
    history({ application, key, limit = HISTORY_LIMIT }, { caller }) {
      requireOwn(application, caller);
      return store.history(application, key, limit);
    },
    async provision({ application, values }, { caller }) {
      requireOwn(application, caller);
      const revision = await store.provision(application, values, caller.id);
      log.info('config.provision', { application, caller: caller.id, revision });
      return { revision };
    },
    async convergence({ application }, { caller }) {
      requireOwn(application, caller);
      return { revision: await store.revision(application), instances: convergence.list(application) };
    },
    watch({ application }, { caller, signal }: Call): AsyncIterable<ConfigFeedEvent> {
      requireOwn(application, caller);
      return watchAs(caller, application, store.watch(application, signal), convergence);
    },
    report({ application, instance, revision }, { caller }) {
      requireOwn(application, caller);
      if (caller.application !== undefined && caller.id !== instance) {
        throw new OperatingError('denied', `${caller.id} may not speak for ${instance}`);
      }
      convergence.report(application, instance, revision);
      return {};
    },
  };
}

/** The report of an instance goes with its watch. */
async function* watchAs(
  caller: Caller,
  application: string,
  events: AsyncIterable<ConfigFeedEvent>,
  convergence: Convergence,
): AsyncGenerator<ConfigFeedEvent> {
  convergence.watchBegins(application, caller.id);
  try {
    yield* events;
  } finally {
    convergence.watchEnds(application, caller.id);
  }
}

function requireOwn(application: string, caller: Caller): void {
  if (caller.application === undefined || caller.application === application) return;
  throw new OperatingError(
    'denied',
    `${caller.id} belongs to ${caller.application} and may not see the configuration of ${application}`,
  );
}
