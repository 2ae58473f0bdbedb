/**
 * What is known of one instance, as a value: who vouches for it, and what follows from that. Pure.
 *
 * An instance has up to two claims. Its own is what it said of itself: where it is, with which key, how it is. The other
 * is what somebody else said of it, such as the supervisor that runs it. Its own word counts for its address, key, tags
 * and facts; it is ready when both say so; and once it has said that it leaves, nobody else can bring it back.
 */
import type { Registration } from './contract.ts';
import type { Health, Instance, Keeper } from './dictionary-schemas.ts';

export type Claim = {
  readonly registration: Omit<Registration, 'health' | 'ttlMs' | 'keptBy' | 'application'>;
  readonly health: Health;
  /** The id of the caller who made it; undefined where that is not known any more. */
  readonly by: string | undefined;
  readonly keptBy: Keeper;
  /** Undefined where the claim does not end by itself. */
  readonly leaseMs: number | undefined;
  /** Monotonic. `Infinity` while nothing ends it. */
  readonly deadlineMs: number;
  /** Which connection holds it, where one does. */
  readonly tie?: symbol | undefined;
};

export type Life = {
  readonly id: string;
  readonly service: string;
  readonly application: string;
  readonly component: string;
  readonly startedAt: number;
  readonly own: Claim | undefined;
  readonly other: Claim | undefined;
  /** It said so itself, while somebody else still vouches for it. */
  readonly hasLeft: boolean;
};

/** What the dictionary says of it; undefined for one that is not there. */
export function instanceOf(
  { id, service, application, component, startedAt, own, other, hasLeft }: Life,
  hostName: string,
): Instance | undefined {
  const claim = own ?? other;
  if (claim === undefined || hasLeft) return undefined;
  const { address, port, zone, tags, facts, publicKey, host, release } = claim.registration;
  const outer = own === undefined ? undefined : other?.registration;
  // What a supervisor runs ends with it, whoever else speaks for it.
  const keeper = other?.keptBy === 'supervisor' ? other : claim;
  const key = publicKey ?? outer?.publicKey;
  const place = { zone: zone ?? outer?.zone, tags: tags ?? outer?.tags, facts: facts ?? outer?.facts, publicKey: key };
  return {
    id,
    service,
    application,
    component,
    host: host ?? outer?.host ?? hostName,
    address,
    port,
    ...present(place),
    release: release ?? outer?.release ?? '',
    startedAt,
    health: commonHealth(own?.health, other?.health),
    keptBy: keeper.keptBy,
    ...present({ leaseMs: keeper.leaseMs }),
  };
}

/** Without the claims whose time is over; undefined where none is left. */
export function atTime(life: Life, nowMs: number): Life | undefined {
  const isOver = (claim: Claim | undefined): boolean => claim !== undefined && claim.deadlineMs <= nowMs;
  if (!isOver(life.own) && !isOver(life.other)) return life;
  const own = isOver(life.own) ? undefined : life.own;
  const other = isOver(life.other) ? undefined : life.other;
  return own === undefined && other === undefined ? undefined : { ...life, own, other };
}

/** When the first of its claims is over, monotonic. */
export function deadlineOf({ own, other }: Life): number {
  return Math.min(own?.deadlineMs ?? Infinity, other?.deadlineMs ?? Infinity);
}

export function isSameHealth(a: Health, b: Health): boolean {
  return a.state === b.state && a.reason === b.reason && JSON.stringify(a.checks) === JSON.stringify(b.checks);
}

function commonHealth(own: Health | undefined, other: Health | undefined): Health {
  const [first, second] = [own ?? other, other ?? own];
  if (first === undefined || second === undefined) throw new TypeError('an instance has a claim');
  return first.state === 'ready' ? second : first;
}

/** What is not undefined: absent means absent. */
function present<T extends object>(parts: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const found: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(parts)) if (value !== undefined) found[key] = value;
  return found as never;
}
