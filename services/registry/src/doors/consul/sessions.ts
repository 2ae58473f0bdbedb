/**
 * Sessions as the store keeps them, `consul/session/ID`, and as they are read here. One with a TTL belongs to a lease, and
 * goes with it; the record is never changed, so that its revision stands for "still there".
 */
import type { Collection, Entry, Kv, Compare } from '@plumb/kv';
import { createCollection } from '@plumb/kv';
import { formatGoDuration, toNanoseconds } from './go-duration.ts';
import type { StoreListener } from './store-follower.ts';
import type { Topics } from './topics.ts';

const PREFIX = 'consul/session/';
/** What queries of sessions wait for. */
export const SESSIONS_TOPIC = 'sessions';

/** What becomes of the keys that a session holds when it ends. */
export type SessionTerms = { readonly behavior: 'release' | 'delete'; readonly lockDelayMs: number };

export type SessionRecord = SessionTerms & {
  readonly id: string;
  readonly name: string;
  readonly node: string;
  readonly nodeChecks: readonly string[];
  readonly serviceChecks: readonly string[];
  /** 0 for one that does not end by itself. */
  readonly ttlMs: number;
  /** The id of the caller who made it: nobody else with a part of the keys ends it. */
  readonly owner: string;
};

export type Session = SessionRecord & {
  readonly createIndex: number;
  readonly leaseId: string | undefined;
};

export class Sessions implements StoreListener {
  readonly collection: Collection<SessionRecord>;
  readonly #topics: Topics;
  readonly #onGone: (session: Session) => void;
  #sessions = new Map<string, Session>();

  /** `onGone` is told of each session that has ended, however it did. */
  constructor(kv: Kv, topics: Topics, onGone: (session: Session) => void) {
    this.collection = createCollection(kv, PREFIX);
    this.#topics = topics;
    this.#onGone = onGone;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** In no order. */
  all(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** By id. */
  list(): readonly Session[] {
    return [...this.#sessions.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** That the session is still there. */
  condition({ id, createIndex }: Session): Compare {
    return this.collection.compare(id, createIndex);
  }

  onSnapshot(entries: readonly Entry[]): void {
    const before = this.#sessions;
    this.#sessions = new Map();
    for (const entry of entries) this.#put(entry);
    for (const session of before.values()) if (!this.#sessions.has(session.id)) this.#onGone(session);
  }

  onChange({
    revision,
    puts,
    deletes,
  }: {
    readonly revision: number;
    readonly puts: readonly Entry[];
    readonly deletes: readonly string[];
  }): void {
    let hasChanged = false;
    for (const entry of puts) hasChanged = this.#put(entry) || hasChanged;
    for (const key of deletes) {
      const session = key.startsWith(PREFIX) ? this.#sessions.get(key.slice(PREFIX.length)) : undefined;
      if (session === undefined) continue;
      hasChanged = true;
      this.#sessions.delete(session.id);
      this.#onGone(session);
    }
    if (hasChanged) this.#topics.touch(SESSIONS_TOPIC, revision);
  }

  #put(entry: Entry): boolean {
    if (!entry.key.startsWith(PREFIX)) return false;
    const { value, createRevision, leaseId } = this.collection.parse(entry);
    this.#sessions.set(value.id, { ...value, createIndex: createRevision, leaseId });
    return true;
  }
}

export function sessionJson(session: Session): object {
  const { id, name, node, nodeChecks, serviceChecks, lockDelayMs, behavior, ttlMs, createIndex } = session;
  return {
    ID: id,
    Name: name,
    Node: node,
    LockDelay: toNanoseconds(lockDelayMs),
    Behavior: behavior,
    TTL: ttlMs === 0 ? '' : formatGoDuration(ttlMs),
    NodeChecks: nodeChecks,
    ServiceChecks: serviceChecks.length === 0 ? null : serviceChecks.map((checkId) => ({ ID: checkId, Namespace: '' })),
    CreateIndex: createIndex,
    ModifyIndex: createIndex,
  };
}
