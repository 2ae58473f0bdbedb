/** A store and its model, asked for the same. */
import type { Kv, Operation } from '@plumb/kv';
import { type KvLacks, withoutOverlap } from './kv-lack.ts';
import { KvModel, type Outcome } from './kv-model.ts';
import { type Request, resolveCompare, resolveOperations } from './kv-requests.ts';

type Answer = Outcome | { readonly kind: 'done' };

export class KvSession {
  readonly model: KvModel;
  /** Of the empty store. */
  readonly firstRevision: number;
  readonly #lacks: KvLacks;
  #leaseId = '';

  constructor(kv: Kv, lacks: KvLacks, historyRevisionsMax: number) {
    this.firstRevision = kv.revision();
    const ownHistory = lacks.compaction === undefined ? { historyRevisionsMax } : {};
    this.model = new KvModel({ revision: this.firstRevision, ...ownHistory });
    this.#lacks = lacks;
  }

  /** Sees to it that drafts have a living lease to put with. */
  async grantLease(kv: Kv): Promise<void> {
    if (this.model.leases.has(this.#leaseId)) return;
    this.#leaseId = (await kv.grantLease(60_000)).leaseId;
    this.model.leases.add(this.#leaseId);
  }

  /**
   * Asks the model and `kv` for all of `requests` at once, where it keeps their order, and returns the expected and the
   * given answers. `onModel` is called after each that the model has answered.
   */
  async submit(
    kv: Kv,
    requests: readonly Request[],
    onModel?: () => void,
  ): Promise<readonly (readonly [Answer, Answer])[]> {
    const answers: (readonly [Answer, Promise<Answer>])[] = [];
    for (const request of requests) {
      const answer = this.#submit(kv, request);
      onModel?.();
      answers.push(answer);
      if (this.#lacks.order !== undefined) await answer[1];
    }
    return Promise.all(answers.map(async ([expected, answer]) => [expected, await answer] as const));
  }

  #submit(kv: Kv, request: Request): readonly [Answer, Promise<Answer>] {
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
