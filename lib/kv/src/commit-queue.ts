/**
 * Group commit. Requests that arrive while a write is on its way to the disk wait, and are then evaluated together, in
 * order, each on what those before it left; the whole group is one batch of the engine and one sync. Only when that is
 * on disk does the state change, do watchers hear of it and promises resolve; when it fails, all of the group reject,
 * conflicts too, since what they conflicted with never was.
 */
import { OperatingError } from '@plumb/base';
import { evaluate, type Group, type KvRequest } from './evaluate.ts';
import type { GroupWriter } from './group-writer.ts';
import type { History } from './history.ts';
import type { KvChange, KvState } from './kv-state.ts';
import { GROUP_SIZE_BYTES_MAX, PENDING_SIZE_BYTES_MAX, PENDING_TRANSACTIONS_MAX } from './limits.ts';
import type { TransactionResult } from './operation.ts';
import { Overlay } from './overlay.ts';

type Pending = {
  readonly request: KvRequest;
  readonly sizeBytes: number;
  readonly settle: PromiseWithResolvers<TransactionResult>;
};

export type CommitQueueOptions = {
  readonly writer: GroupWriter;
  readonly state: KvState;
  readonly history: History;
  readonly storeSizeBytesMax: number;
  /** Called in order, after state and history have changed and before the promise resolves. */
  readonly onChange: (change: KvChange) => void;
};

export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #pending: Pending[] = [];
  #pendingSizeBytes = 0;
  #running: Promise<void> | undefined;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** `sizeBytes` is what the request puts. @throws OperatingError `exhausted` when too much waits for the disk. */
  submit(request: KvRequest, sizeBytes: number): Promise<TransactionResult> {
    const isFull =
      this.#pending.length >= PENDING_TRANSACTIONS_MAX || this.#pendingSizeBytes + sizeBytes > PENDING_SIZE_BYTES_MAX;
    if (isFull) {
      const waiting = `${this.#pending.length} transactions with ${this.#pendingSizeBytes} bytes wait for the disk`;
      return Promise.reject(new OperatingError('exhausted', `${waiting}: try again later, or write less often`));
    }
    const settle = Promise.withResolvers<TransactionResult>();
    this.#pending.push({ request, sizeBytes, settle });
    this.#pendingSizeBytes += sizeBytes;
    this.#running ??= this.#run();
    return settle.promise;
  }

  /** Resolves when nothing waits, and a failed write cannot come back if the disk takes writes again. */
  async drain(): Promise<void> {
    await this.#running;
    await this.#options.writer.settle();
  }

  async #run(): Promise<void> {
    // What is submitted in the same turn shares the first write.
    await Promise.resolve();
    while (this.#pending.length > 0) await this.#commitGroup(this.#takeGroup());
    this.#running = undefined;
  }

  #takeGroup(): Pending[] {
    let count = 0;
    let sizeBytes = 0;
    for (const pending of this.#pending) {
      if (count > 0 && sizeBytes + pending.sizeBytes > GROUP_SIZE_BYTES_MAX) break;
      count += 1;
      sizeBytes += pending.sizeBytes;
    }
    this.#pendingSizeBytes -= sizeBytes;
    return this.#pending.splice(0, count);
  }

  async #commitGroup(requests: readonly Pending[]): Promise<void> {
    const { writer, state, history, storeSizeBytesMax } = this.#options;
    const group: Group = { view: new Overlay(state), compactRevision: history.oldestRevision };
    const changes: KvChange[] = [];
    const evaluated = requests.map(({ request, settle }) => {
      try {
        const { result, change } = evaluate(group, request, storeSizeBytesMax);
        if (change !== undefined) changes.push(change);
        return () => settle.resolve(result);
      } catch (error) {
        return () => settle.reject(error);
      }
    });

    try {
      await writer.write(group, changes);
    } catch (error) {
      for (const { settle } of requests) settle.reject(error);
      return;
    }
    this.#apply(group, changes);
    for (const settle of evaluated) settle();
  }

  #apply({ view, compactRevision }: Group, changes: readonly KvChange[]): void {
    const { state, history, onChange } = this.#options;
    for (const [leaseId, lease] of view.leases) {
      if (lease === undefined) state.leases.delete(leaseId);
      else state.leases.set(leaseId, lease);
    }
    for (const change of changes) {
      state.apply(change);
      history.append(change);
      onChange(change);
    }
    history.compact(compactRevision);
  }
}
