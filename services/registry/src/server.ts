/** The dictionary service: what is declared, what is observed, who uses what. This file puts its parts together. */
import { type Clock, type Log, nearestWord, OperatingError } from '@plumb/base';
import type { Kv } from '@plumb/kv';
import type { Call, Caller, CallObserver } from '@plumb/rpc';
import { type ReadConfig, shareReads } from './briefings.ts';
import type { RegistryHandlers } from './contract.ts';
import { declarationHandlers } from './declarations.ts';
import type { Instance } from './dictionary-schemas.ts';
import { DriftFeed } from './drift-feed.ts';
import { type EvidenceLog, openEvidenceLog, type Use } from './evidence-log.ts';
import type { Drift } from './evidence-schemas.ts';
import { type DriftFacts, findDrift, nextDriftAt } from './find-drift.ts';
import { instanceHandlers, requireOwn } from './instance-handlers.ts';
import { InstanceLives } from './instance-lives.ts';
import type { Place } from './order-instances.ts';
import { countOwnCalls } from './own-calls.ts';
import { type HubListener, RegistryHub } from './registry-hub.ts';
import { ResolvedAnswers } from './resolved-answers.ts';
import { createRegistryStore } from './registry-store.ts';
import type { RegistryView } from './registry-view.ts';
import { loadServicesSeen, type ServicesSeen } from './services-seen.ts';
import { listUsages } from './usages.ts';
import { isKnown, watchDictionary, watchService } from './watch-dictionary.ts';

export type { ConfigReader, ReadConfig } from './briefings.ts';
export type { RegistryView } from './registry-view.ts';

export type RegistryDependencies = {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly log: Log;
  /** The host of instances that do not name theirs. */
  readonly hostName: string;
  /** What an instance is handed when it registers; nothing where it is left out. */
  readonly readConfig?: ReadConfig | undefined;
};

export type RegistryService = AsyncDisposable & {
  readonly handlers: RegistryHandlers;
  /** The dictionary, for doors that answer in another protocol. It changes by itself; nobody else writes to it. */
  readonly view: RegistryView;
  /** Resolves at the next change of the dictionary after `revision`, at once if there was one, and when `signal` aborts. */
  readonly changedAfter: (revision: number, signal: AbortSignal) => Promise<void>;
  /** What another door saw, such as a question for a service. Costs a few map look-ups. */
  readonly noteUse: (use: Omit<Use, 'count'>) => void;
  /** For the dispatcher of Plumb itself, whose services are known as `plumb-SERVICE`. Costs two map look-ups. */
  readonly observe: CallObserver;
};

/**
 * Opens the dictionary on the store, and is its only writer. Of the instances of an earlier run, those that Plumb ran
 * itself are gone; the others stay for as long as a living one needs to tell so.
 */
export async function openRegistry(dependencies: RegistryDependencies): Promise<RegistryService> {
  const { kv, clock, log, hostName } = dependencies;
  await using opening = new AsyncDisposableStack();
  const store = createRegistryStore(kv);
  const hub = new RegistryHub(store, log);
  const { view } = hub;
  const stop = new AbortController();
  const following = hub.follow(stop.signal);
  opening.defer(async () => {
    stop.abort();
    await following;
  });
  await hub.read();

  const lives = opening.use(new InstanceLives({ store, hub, clock, log, hostName }));
  const seen = await loadServicesSeen({ kv, clock, log });
  opening.defer(seen.settle);
  const evidence = opening.use(await openEvidenceLog({ kv, clock, log }, () => feed.changed()));
  const facts = (): DriftFacts => ({ view, users: [...evidence.users()], wasSeen: seen.has, now: clock.now() });
  const feed = new DriftFeed({ clock, find: () => findDrift(facts()), nextAt: () => nextDriftAt(facts()) });
  await lives.recover();
  const observed = observe({ lives, seen, feed });
  observed({ kind: 'snapshot', view });
  hub.listen(observed);

  const missing = (service: string): OperatingError => missingError(view, service);
  const lookUp = (service: string, caller: Caller): void => {
    // Whoever may do everything looks at everything: that is no use.
    if (caller.scopes.includes('*')) return;
    evidence.note({ kind: 'lookedUp', service, caller: caller.id, application: caller.application, count: 1 });
  };
  const answers = new ResolvedAnswers(view);
  const readConfig = dependencies.readConfig && shareReads(dependencies.readConfig);
  const handlers: RegistryHandlers = {
    ...declarationHandlers({ store, hub, log }),
    ...instanceHandlers({ view, answers, lives, readConfig, clock, log, hostName, missing }),
    ...evidenceHandlers({ view, evidence, feed, facts, missing }),

    resolve({ service, includeUnready = false, near }, { caller }) {
      if (!isKnown(view, service)) throw missing(service);
      lookUp(service, caller);
      return answers.get({ service, includeUnready, near: near ?? placeOf(view.instances.get(caller.id)) });
    },

    watch: ({ application }, { signal }) => watchDictionary(hub, application, signal),

    watchService(input, { caller, signal }) {
      if (isKnown(view, input.service)) lookUp(input.service, caller);
      return watchService(hub, input, { signal, missing: () => missing(input.service) });
    },
  };

  const own = opening.use(countOwnCalls(evidence, clock));
  const open = opening.move();
  return {
    handlers,
    view,
    changedAfter: (revision, signal) => hub.changedAfter(revision, signal),
    noteUse: (use) => evidence.note({ ...use, count: 1 }),
    observe: own.observe,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

type EvidenceHandlers = Pick<RegistryHandlers, 'reportCallers' | 'usedBy' | 'drift' | 'watchDrift'>;

function evidenceHandlers({
  view,
  evidence,
  feed,
  facts,
  missing,
}: {
  readonly view: RegistryView;
  readonly evidence: EvidenceLog;
  readonly feed: DriftFeed;
  readonly facts: () => DriftFacts;
  readonly missing: (service: string) => OperatingError;
}): EvidenceHandlers {
  const isWanted =
    (application: string | undefined) =>
    (drift: Drift): boolean =>
      application === undefined || drift.application === application;
  return {
    reportCallers({ service, callers }, { caller: reporter }) {
      const application = view.services.get(service)?.application;
      if (application === undefined && !isKnown(view, service)) throw missing(service);
      if (application !== undefined) requireOwn(application, reporter);
      for (const { caller, application: user, count } of callers)
        evidence.note({ kind: 'called', service, caller, application: user, count });
      return {};
    },

    usedBy: (filter) => listUsages(view, evidence.users(), filter),

    drift: ({ application }) => findDrift(facts()).filter(isWanted(application)),

    watchDrift: ({ application }, { signal }: Call) => feed.watch(isWanted(application), signal),
  };
}

type Observers = { readonly lives: InstanceLives; readonly seen: ServicesSeen; readonly feed: DriftFeed };

/** What follows from a change, whoever made it. */
function observe({ lives, seen, feed }: Observers): HubListener {
  return (event) => {
    const instances = event.kind === 'snapshot' ? event.view.instances.values() : event.change.instances;
    for (const { service } of instances) seen.note(service);
    if (event.kind === 'change') for (const { id } of event.removed.instances) void lives.forget(id);
    feed.changed();
  };
}

function placeOf(instance: Instance | undefined): Place {
  return { host: instance?.host, zone: instance?.zone };
}

function missingError(view: RegistryView, service: string): OperatingError {
  const near = nearestWord(service, [...view.services.keys()]);
  const hint = near === undefined ? 'see "plumb services" for those that are' : `did you mean "${near}"?`;
  return new OperatingError('not-found', `no service named "${service}" is declared: ${hint}`);
}
