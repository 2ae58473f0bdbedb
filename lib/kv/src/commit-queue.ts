/**
 * Group commit. Requests that arrive while a write is on its way to the disk wait, and are then evaluated together, in
 * order, each on what those before it left; the whole group is one batch of the engine and one sync. Only when that is
 * on disk does the state change, do watchers hear of it and promises resolve; when it fails, all of the group reject,
 * conflicts too, since what they conflicted with never was.
 */
import { describeError, OperatingError } from '@plumb/base';
import { evaluate, type KvRequest } from './evaluate.ts';
import type { EngineWrite, KvEngine } from './kv-engine.ts';
import { type KvChange, type KvState, Overlay } from './kv-state.ts';
import type { Key, TransactionResult } from './kv.ts';
import { GROUP_SIZE_BYTES_MAX, PENDING_SIZE_BYTES_MAX, PENDING_TRANSACTIONS_MAX } from './limits.ts';
import { formatEntry, formatLease, formatRevision } from './record.ts';

type Pending = {
  readonly request: KvRequest;
  readonly sizeBytes: number;
  readonly settle: PromiseWithResolvers<TransactionResult>;
};

export type CommitQueueOptions = {
  readonly engine: KvEngine;
  readonly state: KvState;
  readonly storeSizeBytesMax: number;
  /** Called in order, after the state has changed and before the promise resolves. */
  readonly onChange: (change: KvChange) => void;
};

export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #pending: Pending[] = [];
  #pendingSizeBytes = 0;
  #running: Promise<void> | undefined;
  /** What a failed write touched: it may be on disk after a crash, so the next write says again how it is. */
  readonly #unsureKeys = new Set<Key>();
  readonly #unsureLeases = new Set<string>();

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
    if (this.#unsureKeys.size + this.#unsureLeases.size === 0) return;
    // Those who asked for these writes know that they failed; a disk that is still full is no reason not to close.
    await this.#write(new Overlay(this.#options.state), true).catch(() => undefined);
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
    const { state, storeSizeBytesMax, onChange } = this.#options;
    const group = new Overlay(state);
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
      await this.#write(group, group.revision !== state.revision || group.leases.size > 0);
    } catch (error) {
      for (const { settle } of requests) settle.reject(writeError(error));
      return;
    }
    for (const [leaseId, lease] of group.leases) {
      if (lease === undefined) state.leases.delete(leaseId);
      else state.leases.set(leaseId, lease);
    }
    for (const change of changes) {
      state.apply(change);
      onChange(change);
    }
    for (const settle of evaluated) settle();
  }

  async #write(group: Overlay, isNeeded: boolean): Promise<void> {
    if (!isNeeded) return;
    for (const key of group.entries.keys()) this.#unsureKeys.add(key);
    for (const leaseId of group.leases.keys()) this.#unsureLeases.add(leaseId);
    const batch: EngineWrite[] = [];
    for (const key of this.#unsureKeys) batch.push(formatEntry(key, group.get(key)));
    for (const leaseId of this.#unsureLeases) batch.push(formatLease(leaseId, group.lease(leaseId)));
    batch.push(formatRevision(group.revision));
    await this.#options.engine.write(batch);
    this.#unsureKeys.clear();
    this.#unsureLeases.clear();
  }
}

function writeError(error: unknown): OperatingError {
  if (error instanceof OperatingError) return error;
  return new OperatingError('unavailable', `the store could not write: ${describeError(error)}`, { cause: error });
}
