/** What a request does to a state: pure, so that every interleaving can be tried without a disk. */
import { OperatingError } from '@plumb/base';
import { findFailedCompare } from './compare.ts';
import { rangeOfPrefix } from './key-range.ts';
import type { KvChange } from './kv-state.ts';
import type { Entry, Lease } from './kv.ts';
import type { Compare, Operation, OperationResponse, TransactionResult } from './operation.ts';
import { Overlay } from './overlay.ts';
import { readRange } from './read-range.ts';

/** What the store can be asked to write. */
export type KvRequest =
  | {
      readonly kind: 'transact';
      readonly operations: readonly Operation[];
      readonly compare: readonly Compare[];
      readonly otherwise: readonly Operation[] | undefined;
    }
  | { readonly kind: 'grant-lease'; readonly lease: Lease }
  /** Deletes the lease's keys in one transaction. */
  | { readonly kind: 'revoke-lease'; readonly leaseId: string }
  | { readonly kind: 'compact'; readonly revision: number };

export type Evaluation = { readonly result: TransactionResult; readonly change: KvChange | undefined };

/** What requests are evaluated in: the state after those before it, and the revision that they compacted to. */
export type Group = { readonly view: Overlay; compactRevision: number };

const PUT_RESPONSE: OperationResponse = { kind: 'put' };

/**
 * Adds the effect of `request` to `group`, which is left as it was on a conflict or an error.
 * @throws OperatingError `invalid` for an unknown lease, `not-found` when there is nothing to keep, `exhausted` when the
 * store would outgrow `storeSizeBytesMax`.
 */
export function evaluate(group: Group, request: KvRequest, storeSizeBytesMax: number): Evaluation {
  const { view } = group;
  switch (request.kind) {
    case 'transact': {
      const failed = findFailedCompare(view, request.compare);
      if (failed === undefined) return commit(view, request.operations, storeSizeBytesMax);
      if (request.otherwise === undefined) return { result: { kind: 'conflict', ...failed }, change: undefined };
      const { result, change } = commit(view, request.otherwise, storeSizeBytesMax);
      return { result: { ...result, succeeded: false }, change };
    }
    case 'grant-lease': {
      const { leaseId } = request.lease;
      if (view.lease(leaseId) !== undefined) {
        throw new OperatingError('already-exists', `there is a lease ${leaseId}: choose another id, or none`);
      }
      view.setLease(leaseId, request.lease);
      return unchanged(view);
    }
    case 'revoke-lease': {
      const keys = [...view.keysOfLease(request.leaseId)];
      const deletes = keys.map((key) => ({ kind: 'delete', key }) as const);
      const evaluation = commit(view, deletes, storeSizeBytesMax);
      if (view.lease(request.leaseId) !== undefined) view.setLease(request.leaseId, undefined);
      return evaluation;
    }
    case 'compact':
      if (request.revision > view.revision) {
        const reached = `the store is at revision ${view.revision}`;
        throw new OperatingError(
          'invalid',
          `${reached} and cannot be compacted to ${request.revision}: it is not reached`,
        );
      }
      group.compactRevision = Math.max(group.compactRevision, request.revision);
      return unchanged(view);
  }
}

type Committed = Extract<TransactionResult, { readonly kind: 'committed' }>;

function unchanged(view: Overlay): Evaluation {
  return { result: { kind: 'committed', revision: view.revision, succeeded: true, responses: [] }, change: undefined };
}

function commit(
  view: Overlay,
  operations: readonly Operation[],
  storeSizeBytesMax: number,
): { readonly result: Committed; readonly change: KvChange | undefined } {
  const draft = new Overlay(view);
  draft.revision = view.revision + 1;
  const responses = operations.map((operation) => applyOperation(draft, operation));
  if (draft.sizeBytes > storeSizeBytesMax && draft.sizeBytes > view.sizeBytes) {
    const limit = `the store holds at most ${storeSizeBytesMax} bytes`;
    throw new OperatingError('exhausted', `${limit} and would have ${draft.sizeBytes}: delete what is not needed`);
  }

  const change = draft.change();
  if (change !== undefined) {
    for (const [key, entry] of draft.entries) view.set(key, entry);
    view.sizeBytes = draft.sizeBytes;
    view.revision = change.revision;
  }
  return { result: { kind: 'committed', revision: view.revision, succeeded: true, responses }, change };
}

function applyOperation(draft: Overlay, operation: Operation): OperationResponse {
  switch (operation.kind) {
    case 'put':
      return applyPut(draft, operation);
    case 'delete':
      return applyDelete(draft, existing(draft.get(operation.key)), operation.previous);
    case 'delete-prefix':
      return applyDelete(draft, [...draft.range(rangeOfPrefix(operation.prefix))], operation.previous);
    case 'delete-range':
      return applyDelete(draft, [...draft.range(operation)], operation.previous);
    case 'get':
      return { kind: 'get', entry: draft.get(operation.key) };
    case 'range':
      return { kind: 'range', ...readRange(draft, operation) };
  }
}

function applyPut(draft: Overlay, operation: Extract<Operation, { readonly kind: 'put' }>): OperationResponse {
  const { key, keeps = [] } = operation;
  const before = draft.get(key);
  if (keeps.length > 0 && before === undefined) {
    throw new OperatingError('not-found', `"${key}" was not put: there is no ${keeps.join(' and ')} of it to keep`);
  }
  const value = keeps.includes('value') && before !== undefined ? before.value : operation.value;
  const leaseId = keeps.includes('lease') ? before?.leaseId : operation.leaseId;
  if (leaseId !== undefined && draft.lease(leaseId) === undefined) {
    throw new OperatingError('invalid', `"${key}" was not put: its lease ${leaseId} has ended; grant another`);
  }
  const { createRevision, version } = before ?? { createRevision: draft.revision, version: 0 };
  const lease = leaseId === undefined ? {} : { leaseId };
  // A transaction is one change of the key, however often it puts it.
  const isFirst = before?.modRevision !== draft.revision;
  const entry = {
    key,
    value,
    createRevision,
    modRevision: draft.revision,
    version: version + Number(isFirst),
    ...lease,
  };
  draft.store(key, entry);
  return operation.previous === true ? { kind: 'put', previous: before } : PUT_RESPONSE;
}

function applyDelete(draft: Overlay, entries: readonly Entry[], hasPrevious = false): OperationResponse {
  for (const { key } of entries) draft.store(key, undefined);
  return { kind: 'delete', count: entries.length, ...(hasPrevious ? { previous: entries } : {}) };
}

function existing(entry: Entry | undefined): Entry[] {
  return entry === undefined ? [] : [entry];
}
