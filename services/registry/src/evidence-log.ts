/**
 * Who called which service, and who asked for its address: counted in memory, and written down seldom. A user that is seen
 * for the first time is on disk within `WRITE_SOON_MS`; of one that is known, only its figures are behind, by at most
 * `WRITE_PERIOD_MS`. What is written grows with who uses what, not with how often.
 *
 * Bounds: `USERS_MAX` users of all services together, of which the one unseen longest is forgotten for a new one, and each
 * after `EVIDENCE_AGE_MS_MAX` without a sign.
 */
import { type Clock, createRepeater, describeError, type Log, type Timer } from '@plumb/base';
import { type Collection, createCollection, type Kv, type Operation } from '@plumb/kv';
import { CALLERS_NAMED_MAX } from './evidence-schemas.ts';

/** A dictionary of a few hundred services, each with dozens of users; about 300 bytes each. */
export const USERS_MAX = 20_000;
/** Half a year: what runs once a quarter is not forgotten. */
const EVIDENCE_AGE_MS_MAX = 182 * 86_400_000;
const WRITE_SOON_MS = 500;
const WRITE_PERIOD_MS = 60_000;
/** Records in one transaction. */
const WRITE_BATCH = 500;

export type Sighting = { readonly firstAt: number; readonly lastAt: number; readonly count: number };

/** One user of one service. Exactly one of `application` and `caller` is set. */
export type UserRecord = {
  readonly service: string;
  readonly application?: string | undefined;
  readonly caller?: string | undefined;
  readonly called?: Sighting | undefined;
  readonly lookedUp?: Sighting | undefined;
  readonly callers: readonly string[];
};

export type Use = {
  readonly kind: 'called' | 'lookedUp';
  readonly service: string;
  readonly caller: string;
  readonly application: string | undefined;
  readonly count: number;
};

export type EvidenceDependencies = { readonly kv: Kv; readonly clock: Clock; readonly log: Log };

export type EvidenceLog = AsyncDisposable & {
  readonly note: (use: Use) => void;
  readonly users: () => Iterable<UserRecord>;
};

/** `onNews` hears of a user, or a kind of use, that was not known. Disposing it writes what is not yet on disk. */
export async function openEvidenceLog(
  { kv, clock, log }: EvidenceDependencies,
  onNews: () => void,
): Promise<EvidenceLog> {
  const records = createCollection<UserRecord>(kv, 'evidence/user/');
  /** Who was seen longest ago comes first. */
  const users = new Map<string, UserRecord>();
  const dirty = new Set<string>();
  let timer: Timer | undefined;
  let dueAtMs = Infinity;

  const isOld = (user: UserRecord): boolean => lastAtOf(user) < clock.now() - EVIDENCE_AGE_MS_MAX;
  const found = [...(await records.list())].sort((a, b) => lastAtOf(a.value) - lastAtOf(b.value));
  for (const [index, { id, value }] of found.entries()) {
    if (isOld(value) || found.length - index > USERS_MAX) dirty.add(id);
    else users.set(id, value);
  }

  const writer = createRepeater(async () => {
    const ids = [...dirty];
    dirty.clear();
    for (let from = 0; from < ids.length; from += WRITE_BATCH) {
      const batch = ids.slice(from, from + WRITE_BATCH);
      try {
        await kv.transact(operationsOf(batch, users, records));
      } catch (error) {
        // It is all still in memory: the next write takes it along.
        log.warn('registry.evidence-failed', { count: batch.length, error: describeError(error) });
        for (const id of batch) dirty.add(id);
        plan(WRITE_PERIOD_MS);
      }
    }
  });
  const plan = (delayMs: number): void => {
    const atMs = clock.monotonicMs() + delayMs;
    if (atMs >= dueAtMs) return;
    timer?.cancel();
    dueAtMs = atMs;
    timer = clock.after(delayMs, () => {
      dueAtMs = Infinity;
      writer.request();
    });
  };

  return {
    users: () => users.values(),
    note(use) {
      const id = idOf(use);
      const known = users.get(id);
      if (known === undefined && users.size >= USERS_MAX) forgetOldest(users, dirty);
      users.delete(id);
      users.set(id, withUse(known, use, clock.now()));
      dirty.add(id);
      const isNews = known?.[use.kind] === undefined;
      plan(isNews ? WRITE_SOON_MS : WRITE_PERIOD_MS);
      if (isNews) onNews();
    },
    async [Symbol.asyncDispose]() {
      timer?.cancel();
      if (dirty.size > 0) writer.request();
      await writer.whenIdle();
    },
  };
}

function withUse(
  known: UserRecord | undefined,
  { kind, service, caller, application, count }: Use,
  now: number,
): UserRecord {
  const before = known?.[kind];
  const sighting = { firstAt: before?.firstAt ?? now, lastAt: now, count: (before?.count ?? 0) + count };
  const named = known?.callers ?? [];
  // Most calls come from whoever called last: nothing is copied for them.
  const callers =
    named[0] === caller ? named : [caller, ...named.filter((one) => one !== caller)].slice(0, CALLERS_NAMED_MAX);
  const user = application === undefined ? { caller } : { application };
  return { ...known, service, ...user, callers, [kind]: sighting };
}

function operationsOf(
  ids: readonly string[],
  users: ReadonlyMap<string, UserRecord>,
  records: Collection<UserRecord>,
): Operation[] {
  return ids.map((id) => {
    const user = users.get(id);
    return user === undefined ? records.deleteOperation(id) : records.putOperation(id, user);
  });
}

/** Applications and other callers have names of their own. */
function idOf({ service, caller, application }: Use): string {
  return application === undefined ? `${service}/caller/${caller}` : `${service}/application/${application}`;
}

function lastAtOf({ called, lookedUp }: UserRecord): number {
  return Math.max(called?.lastAt ?? 0, lookedUp?.lastAt ?? 0);
}

function forgetOldest(users: Map<string, UserRecord>, dirty: Set<string>): void {
  const [oldest] = users.keys();
  if (oldest === undefined) return;
  users.delete(oldest);
  dirty.add(oldest);
}
