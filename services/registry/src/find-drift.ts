/** Where what is declared and what is seen part. Pure: the same facts make the same list. */
import { type Drift, driftKinds } from './evidence-schemas.ts';
import type { UserRecord } from './evidence-log.ts';
import type { RegistryView } from './registry-view.ts';
import { declaredNeeds, type Need } from './usages.ts';

/** A deploy starts what it declares, and a first start may take a while. */
export const NEVER_SEEN_AFTER_MS = 60_000;
/** A call is drift for so long: what was repaired since is not told for ever. */
export const CALL_AGE_MS_MAX = 7 * 86_400_000;

/** What is done once a day has happened by then. Each deployment begins the time anew: the need may be of that release. */
export const NEVER_CALLED_AFTER_MS = 86_400_000;

export type DriftFacts = {
  readonly view: RegistryView;
  readonly users: readonly UserRecord[];
  /** Whether an instance of the service was ever there. */
  readonly wasSeen: (service: string) => boolean;
  readonly now: number;
};

/** By kind and service. */
export function findDrift(facts: DriftFacts): Drift[] {
  const drift = [...neverSeen(facts), ...notDeclared(facts), ...undeclaredCalls(facts), ...neverCalled(facts)];
  return drift.sort(
    (a, b) =>
      driftKinds.indexOf(a.kind) - driftKinds.indexOf(b.kind) ||
      compare(a.service, b.service) ||
      compare(a.application ?? '', b.application ?? ''),
  );
}

/** When the list may be another though nothing happened: what is declared and not seen becomes drift. Epoch ms. */
export function nextDriftAt(facts: DriftFacts): number {
  const { view, wasSeen, now } = facts;
  let next = Infinity;
  for (const { declaredAt } of uncalledNeeds(facts)) {
    const dueAt = declaredAt + NEVER_CALLED_AFTER_MS;
    if (dueAt > now) next = Math.min(next, dueAt);
  }
  for (const { name, application } of view.services.values()) {
    const dueAt = (view.applications.get(application)?.declaredAt ?? 0) + NEVER_SEEN_AFTER_MS;
    if (dueAt > now && !wasSeen(name)) next = Math.min(next, dueAt);
  }
  return next;
}

function* neverSeen({ view, wasSeen, now }: DriftFacts): Generator<Drift> {
  for (const { name: service, application } of view.services.values()) {
    const sinceAt = view.applications.get(application)?.declaredAt ?? 0;
    if (wasSeen(service) || now < sinceAt + NEVER_SEEN_AFTER_MS) continue;
    const text = `${service} is declared by ${application}, and no instance of it was ever there`;
    yield { kind: 'never-seen', service, application, sinceAt, text };
  }
}

function* notDeclared({ view }: DriftFacts): Generator<Drift> {
  for (const service of view.servicesSeen()) {
    if (view.services.has(service)) continue;
    const instances = [...view.instancesOf(service).values()];
    const sinceAt = Math.min(...instances.map(({ startedAt }) => startedAt));
    const count = instances.length === 1 ? 'an instance' : `${instances.length} instances`;
    const [first] = instances;
    yield {
      kind: 'not-declared',
      service,
      ...(first !== undefined && { application: first.application }),
      sinceAt,
      text: `${service} has ${count}, and nobody declares it`,
    };
  }
}

/** Within an application nothing need be declared but the order of starts; who belongs to none cannot declare. */
function* undeclaredCalls({ view, users, now }: DriftFacts): Generator<Drift> {
  const declared = new Set([...declaredNeeds(view)].map(({ service, application }) => `${application} ${service}`));
  for (const { service, application, called } of users) {
    if (application === undefined || called === undefined || called.lastAt < now - CALL_AGE_MS_MAX) continue;
    const owner = view.services.get(service)?.application;
    if (owner === undefined || owner === application || declared.has(`${application} ${service}`)) continue;
    const text = `${application} calls ${service} of ${owner}, and does not declare it`;
    yield { kind: 'undeclared-call', service, application, sinceAt: called.firstAt, text };
  }
}

function* neverCalled(facts: DriftFacts): Generator<Drift> {
  for (const { service, application, declaredAt } of uncalledNeeds(facts)) {
    if (facts.now < declaredAt + NEVER_CALLED_AFTER_MS) continue;
    const owner = facts.view.services.get(service)?.application;
    const text = `${application} declares to need ${service} of ${owner}, and never called it`;
    yield { kind: 'never-called', service, application, sinceAt: declaredAt, text };
  }
}

/**
 * Needs of services of other applications that nothing of whoever declared them was seen to call. Only where a call by
 * anybody was seen: not every service tells who calls it.
 */
function* uncalledNeeds({ view, users }: DriftFacts): Generator<Need> {
  const called = users.filter((user) => user.called !== undefined);
  const tellsOfCalls = new Set(called.map(({ service }) => service));
  const isCalled = new Set(called.map(({ service, application }) => `${application} ${service}`));
  for (const need of declaredNeeds(view)) {
    const { service, application } = need;
    const owner = view.services.get(service)?.application;
    if (owner === undefined || owner === application || !tellsOfCalls.has(service)) continue;
    if (!isCalled.has(`${application} ${service}`)) yield need;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
