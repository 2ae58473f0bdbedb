/** Who uses what: declared needs and what was seen, put together. Pure. */
import type { Usage, UsageKind } from './evidence-schemas.ts';
import type { UserRecord } from './evidence-log.ts';
import type { RegistryView } from './registry-view.ts';

export type UsageFilter = { readonly service?: string | undefined; readonly application?: string | undefined };

/** By service, the user seen last first. */
export function listUsages(view: RegistryView, users: Iterable<UserRecord>, filter: UsageFilter = {}): Usage[] {
  const byUser = new Map<string, Usage>();
  for (const user of users) if (isWanted(user, filter)) byUser.set(keyOf(user), usageOf(user));
  for (const need of declaredNeeds(view)) {
    if (!isWanted(need, filter)) continue;
    const key = keyOf(need);
    byUser.set(key, withNeed(byUser.get(key), need));
  }
  return [...byUser.values()].sort(
    (a, b) => compare(a.service, b.service) || b.lastAt - a.lastAt || compare(nameOf(a), nameOf(b)),
  );
}

export type Need = { readonly service: string; readonly application: string; readonly declaredAt: number };

/** Each need once, of whichever component. */
export function* declaredNeeds(view: RegistryView): Generator<Need> {
  const needs = new Map([...view.applications.values()].map((one) => [one.name, new Set(one.needs)]));
  for (const { application, needs: own } of view.services.values())
    for (const need of own) needs.get(application)?.add(need);
  for (const [application, services] of needs) {
    const declaredAt = view.applications.get(application)?.declaredAt ?? 0;
    for (const service of services) yield { service, application, declaredAt };
  }
}

function usageOf({ service, application, caller, called, lookedUp, callers }: UserRecord): Usage {
  const sightings = [called, lookedUp].filter((one) => one !== undefined);
  const kinds: UsageKind[] = [];
  if (called !== undefined) kinds.push('called');
  if (lookedUp !== undefined) kinds.push('looked-up');
  return {
    service,
    ...(application === undefined ? { caller } : { application }),
    kinds,
    ...(called !== undefined && { called }),
    ...(lookedUp !== undefined && { lookedUp }),
    callers: [...callers],
    firstAt: Math.min(...sightings.map(({ firstAt }) => firstAt)),
    lastAt: Math.max(...sightings.map(({ lastAt }) => lastAt)),
    count: called?.count ?? 0,
  };
}

function withNeed(usage: Usage | undefined, { service, application, declaredAt }: Need): Usage {
  if (usage === undefined) {
    const never = { callers: [], firstAt: declaredAt, lastAt: declaredAt, count: 0 };
    return { service, application, kinds: ['declared'], declaredAt, ...never };
  }
  const kinds = new Set<UsageKind>([...usage.kinds, 'declared']);
  const firstAt = Math.min(usage.firstAt, declaredAt);
  return { ...usage, kinds: KIND_ORDER.filter((kind) => kinds.has(kind)), declaredAt, firstAt };
}

const KIND_ORDER: readonly UsageKind[] = ['called', 'declared', 'looked-up'];

function isWanted(
  user: { readonly service: string; readonly application?: string | undefined },
  filter: UsageFilter,
): boolean {
  const isService = filter.service === undefined || filter.service === user.service;
  return isService && (filter.application === undefined || filter.application === user.application);
}

function keyOf(user: { service: string; application?: string | undefined; caller?: string | undefined }): string {
  return JSON.stringify([user.service, user.application ?? null, user.caller ?? null]);
}

function nameOf({ application, caller }: Usage): string {
  return application ?? caller ?? '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
