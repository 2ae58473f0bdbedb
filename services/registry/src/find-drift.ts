/** Where what is declared and what is seen part. Pure: the same facts make the same list. */
import { type Drift, driftKinds } from './evidence-schemas.ts';
import type { UserRecord } from './evidence-log.ts';
import type { RegistryView } from './registry-view.ts';
import { declaredNeeds } from './usages.ts';

/** A deploy starts what it declares, and a first start may take a while. */
export const NEVER_SEEN_AFTER_MS = 60_000;
/** A call is drift for so long: what was repaired since is not told for ever. */
export const CALL_AGE_MS_MAX = 7 * 86_400_000;

export type DriftFacts = {
  readonly view: RegistryView;
  readonly users: Iterable<UserRecord>;
  /** Whether an instance of the service was ever there. */
  readonly wasSeen: (service: string) => boolean;
  readonly now: number;
};

/** By kind and service. */
export function findDrift(facts: DriftFacts): Drift[] {
  const drift = [...neverSeen(facts), ...notDeclared(facts), ...undeclaredCalls(facts)];
  return drift.sort(
    (a, b) =>
      driftKinds.indexOf(a.kind) - driftKinds.indexOf(b.kind) ||
      compare(a.service, b.service) ||
      compare(a.application ?? '', b.application ?? ''),
  );
}

/** When the list may be another though nothing happened: a service that is declared and not seen becomes drift. Epoch ms. */
export function nextDriftAt({ view, wasSeen, now }: DriftFacts): number {
  let next = Infinity;
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

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
