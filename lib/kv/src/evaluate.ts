/** What a request does to a state: pure, so that every interleaving can be tried without a disk. */
import { OperatingError } from '@plumb/base';
import { type KvChange, type KvView, Overlay } from './kv-state.ts';
import type { Compare, Lease, Operation, TransactionResult } from './kv.ts';

/** What the store can be asked to write. */
export type KvRequest =
  | { readonly kind: 'transact'; readonly operations: readonly Operation[]; readonly compare: readonly Compare[] }
  | { readonly kind: 'grant-lease'; readonly lease: Lease }
  /** Deletes the lease's keys in one transaction. */
  | { readonly kind: 'revoke-lease'; readonly leaseId: string };

export type Evaluation = { readonly result: TransactionResult; readonly change: KvChange | undefined };

/**
 * Adds the effect of `request` to `group`, which is left as it was on a conflict or an error.
 * @throws OperatingError `invalid` for an unknown lease, `exhausted` when the store would outgrow `storeSizeBytesMax`.
 */
export function evaluate(group: Overlay, request: KvRequest, storeSizeBytesMax: number): Evaluation {
  switch (request.kind) {
    case 'transact': {
      const failed = request.compare.find(({ key, modRevision }) => (group.get(key)?.modRevision ?? 0) !== modRevision);
      if (failed !== undefined) {
        const result = { kind: 'conflict', key: failed.key, current: group.get(failed.key) } as const;
        return { result, change: undefined };
      }
      return commit(group, request.operations, storeSizeBytesMax);
    }
    case 'grant-lease':
      group.leases.set(request.lease.leaseId, request.lease);
      return commit(group, [], storeSizeBytesMax);
    case 'revoke-lease': {
      const keys = [...group.keysOfLease(request.leaseId)];
      const evaluation = commit(
        group,
        keys.map((key) => ({ kind: 'delete', key })),
        storeSizeBytesMax,
      );
      if (group.lease(request.leaseId) !== undefined) group.leases.set(request.leaseId, undefined);
      return evaluation;
    }
  }
}

function commit(group: Overlay, operations: readonly Operation[], storeSizeBytesMax: number): Evaluation {
  const draft = new Overlay(group);
  draft.revision = group.revision + 1;
  for (const operation of operations) applyOperation(draft, group, operation);
  if (draft.sizeBytes > storeSizeBytesMax && draft.sizeBytes > group.sizeBytes) {
    const limit = `the store holds at most ${storeSizeBytesMax} bytes`;
    throw new OperatingError('exhausted', `${limit} and would have ${draft.sizeBytes}: delete what is not needed`);
  }

  const change = draft.change();
  if (change !== undefined) {
    for (const [key, entry] of draft.entries) group.store(key, entry);
    group.revision = change.revision;
  }
  return { result: { kind: 'committed', revision: group.revision }, change };
}

function applyOperation(draft: Overlay, group: KvView, operation: Operation): void {
  switch (operation.kind) {
    case 'put': {
      const { key, value, leaseId } = operation;
      if (leaseId !== undefined && group.lease(leaseId) === undefined) {
        throw new OperatingError('invalid', `"${key}" was not put: its lease ${leaseId} has ended; grant another`);
      }
      const createRevision = draft.get(key)?.createRevision ?? draft.revision;
      const lease = leaseId === undefined ? {} : { leaseId };
      draft.store(key, { key, value, createRevision, modRevision: draft.revision, ...lease });
      return;
    }
    case 'delete':
      draft.store(operation.key, undefined);
      return;
    case 'delete-prefix': {
      const keys = [...draft.keysUnder(operation.prefix)];
      for (const key of keys) draft.store(key, undefined);
    }
  }
}
