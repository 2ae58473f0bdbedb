/** A store and its model, asked for the same. */
import type { Kv, Operation } from '@plumb/kv';
import { type KvLacks, withoutOverlap } from './kv-lack.ts';
import { KvModel, type Outcome } from './kv-model.ts';
import { type Request, resolveCompare, resolveOperations } from './kv-requests.ts';

type Answer = Outcome | { readonly kind: 'done' };

export class KvSession {
  readonly model: KvModel;
  readonly #lacks: KvLacks;
  #leaseId = '';

  constructor(kv: Kv, lacks: KvLacks, historyRevisionsMax: number) {
    this.model = new KvModel({ revision: kv.revision(), historyRevisionsMax });
    this.#lacks = lacks;
  }

  /** Sees to it that drafts have a living lease to put with. */
  async grantLease(kv: Kv): Promise<void> {
    if (this.model.leases.has(this.#leaseId)) return;
    this.#leaseId = (await kv.grantLease(60_000)).leaseId;
    this.model.leases.add(this.#leaseId);
  }

  /** Asks the model and `kv`; returns what the model answers and what `kv` will. */
  submit(kv: Kv, request: Request): readonly [Answer, Promise<Answer>] {
    const { model } = this;
    if (request === 'revoke') {
      model.revokeLease(this.#leaseId);
      return [{ kind: 'done' }, done(kv.revokeLease(this.#leaseId))];
    }
    if ('compact' in request) {
      const revision = Math.max(0, model.revision - request.compact);
      if (this.#lacks.compaction !== undefined) return [{ kind: 'done' }, Promise.resolve({ kind: 'done' })];
      model.compact(revision);
      return [{ kind: 'done' }, done(kv.compact(revision))];
    }
    const operations = this.#resolve(request.operations);
    const otherwise = request.otherwise === undefined ? undefined : this.#resolve(request.otherwise);
    const compare = request.compare.map((condition) => resolveCompare(condition, (key) => model.get(key)));
    const answer = kv.transact(operations, { compare, otherwise }).catch((error: { readonly code?: unknown }) => {
      if (error.code === 'invalid') return { kind: 'refused' } as const;
      throw error;
    });
    return [model.transact(operations, compare, otherwise), answer];
  }

  #resolve(parts: Parameters<typeof resolveOperations>[0]): Operation[] {
    const operations = resolveOperations(parts, this.#leaseId);
    return this.#lacks.overlap !== undefined ? withoutOverlap(operations) : operations;
  }
}

async function done(work: Promise<unknown>): Promise<Answer> {
  await work;
  return { kind: 'done' };
}
