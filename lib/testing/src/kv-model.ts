/** Random requests to a `Kv`, and the obvious slow version of it: a sorted Map that is copied for each transaction. */
import type { Compare, Entry, Kv, Operation, TransactionResult } from '@plumb/kv';
import fc from 'fast-check';

/** Few, so that they meet; with prefixes of each other, and in an order that UTF-16 and UTF-8 disagree on. */
export const KEYS = ['a', 'a/1', 'a/2', 'b', 'b/é', '\uFFFD', '\u{1F600}'] as const;
export const PREFIXES = ['', 'a', 'a/', 'b/', 'none'] as const;

/** A random transaction. `offset` is added to the key's revision; -1 mostly does not hold. */
type Draft = {
  readonly operations: readonly ({ readonly lease: boolean } & Operation)[];
  readonly compare: readonly { readonly key: string; readonly offset: number }[];
};
/** `revoke` ends the lease that the puts of drafts are with. */
export type Request = Draft | 'revoke';
/** `refused`: a put with a lease that has ended. */
export type Outcome = TransactionResult | { readonly kind: 'refused' } | { readonly kind: 'revoked' };

const key = fc.constantFrom(...KEYS);
const value = fc.uint8Array({ maxLength: 4 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), key, value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  fc.record({ kind: fc.constant('delete-prefix' as const), prefix: fc.constantFrom(...PREFIXES) }),
);
const draft: fc.Arbitrary<Draft> = fc.record({
  operations: fc.array(
    fc.tuple(operation, fc.boolean()).map(([part, lease]) => ({ ...part, lease })),
    { maxLength: 4 },
  ),
  compare: fc.array(fc.record({ key, offset: fc.constantFrom(0, 0, 0, -1) }), { maxLength: 2 }),
});
const request: fc.Arbitrary<Request> = fc.oneof({ weight: 5, arbitrary: draft }, fc.constant<Request>('revoke'));

/** Requests to submit together, without waiting, so that groups form. */
export const requests: fc.Arbitrary<readonly Request[]> = fc.array(request, { minLength: 1, maxLength: 6 });

export class KvModel {
  revision = 0;
  #entries = new Map<string, Entry>();
  #leaseId = '';
  #isLeaseAlive = false;

  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  list(prefix: string): Entry[] {
    return sortEntries([...this.#entries.values()].filter((entry) => entry.key.startsWith(prefix)));
  }

  /** Sees to it that drafts have a living lease to put with. */
  async grantLease(kv: Kv): Promise<void> {
    if (this.#isLeaseAlive) return;
    this.#leaseId = (await kv.grantLease(60_000)).leaseId;
    this.#isLeaseAlive = true;
  }

  /** Asks the model and `kv` for the same; returns what the model answers and what `kv` will. */
  submit(kv: Kv, request: Request): readonly [Outcome, Promise<Outcome>] {
    if (request === 'revoke') {
      const keys = this.list('').filter(({ leaseId }) => leaseId === this.#leaseId);
      this.#apply(keys.map((entry) => ({ kind: 'delete', key: entry.key })));
      this.#isLeaseAlive = false;
      return [{ kind: 'revoked' }, kv.revokeLease(this.#leaseId).then(() => ({ kind: 'revoked' }))];
    }
    const operations = request.operations.map(({ lease, ...part }) =>
      lease && part.kind === 'put' ? { ...part, leaseId: this.#leaseId } : part,
    );
    const compare = request.compare.map(({ key: name, offset }) => ({
      key: name,
      modRevision: (this.#entries.get(name)?.modRevision ?? 0) + offset,
    }));
    const answer = kv.transact(operations, { compare }).catch((error: { readonly code?: unknown }) => {
      if (error.code === 'invalid') return { kind: 'refused' } as const;
      throw error;
    });
    return [this.#transact(operations, compare), answer];
  }

  #transact(operations: readonly Operation[], compare: readonly Compare[]): Outcome {
    for (const { key: name, modRevision } of compare) {
      const current = this.#entries.get(name);
      if ((current?.modRevision ?? 0) !== modRevision) return { kind: 'conflict', key: name, current };
    }
    const isLeased = operations.some((part) => part.kind === 'put' && part.leaseId !== undefined);
    if (isLeased && !this.#isLeaseAlive) return { kind: 'refused' };
    this.#apply(operations);
    return { kind: 'committed', revision: this.revision };
  }

  #apply(operations: readonly Operation[]): void {
    const before = this.#entries;
    const after = new Map(before);
    const modRevision = this.revision + 1;
    for (const part of operations) {
      if (part.kind === 'put') {
        const { kind: _, ...entry } = part;
        const createRevision = after.get(entry.key)?.createRevision ?? modRevision;
        after.set(entry.key, { ...entry, createRevision, modRevision });
      } else {
        for (const name of after.keys()) {
          if (part.kind === 'delete' ? name === part.key : name.startsWith(part.prefix)) after.delete(name);
        }
      }
    }
    const isSame = before.size === after.size && [...before].every(([name, entry]) => after.get(name) === entry);
    if (isSame) return;
    this.#entries = after;
    this.revision = modRevision;
  }
}

/** In the order of their keys' UTF-8 bytes. */
export function sortEntries(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}
