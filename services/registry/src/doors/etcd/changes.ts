/** Puts and deletes: what is asked of the store, and what is made of its answer. */
import { type Kv, type Operation, type OperationResponse, VALUE_SIZE_BYTES_MAX } from '@plumb/kv';
import { mayAll, mayRange, requireRange } from './access.ts';
import { type EtcdCall, toKeyValue } from './etcd-core.ts';
import { knownError } from './etcd-error.ts';
import { fromStoreKey, toStoreKey, toStoreRange } from './key-codec.ts';
import { toStoreLease } from './lease-id.ts';
import type { Received, Sent } from './message-type.ts';
import type { deleteRangeRequest, deleteRangeResponse, putRequest, putResponse } from './messages.ts';

export type PutRequest = Received<typeof putRequest>;
export type DeleteRequest = Received<typeof deleteRangeRequest>;

/** @throws EtcdError for a request that is none, or that `caller` may not make. */
export async function checkPut(kv: Kv, request: PutRequest, { caller }: EtcdCall): Promise<void> {
  const { key, value, lease, prev_kv, ignore_value, ignore_lease } = request;
  if (key.byteLength === 0) throw knownError('emptyKey');
  if (ignore_value && value.byteLength > 0) throw knownError('valueProvided');
  if (ignore_lease && lease !== 0n) throw knownError('leaseProvided');
  if (value.byteLength > VALUE_SIZE_BYTES_MAX) throw knownError('tooLarge');
  requireRange(caller, 'etcd:write', key);
  if (prev_kv) requireRange(caller, 'etcd:read', key);
  // Whoever may end a lease, by letting it run out, ends all its keys.
  if (lease !== 0n && !mayAll(caller, 'etcd:write')) await requireLease(kv, lease, { caller });
}

/** @throws EtcdError permission denied, when a key of the lease is one that `caller` may not write. */
export async function requireLease(kv: Kv, id: bigint, { caller }: Pick<EtcdCall, 'caller'>): Promise<void> {
  const { keys = [] } = (await kv.getLease(toStoreLease(id))) ?? {};
  const isDenied = keys.some((key) => !mayRange(caller, 'etcd:write', fromStoreKey(key)));
  if (isDenied) throw knownError('permissionDenied');
}

/** @throws EtcdError as `checkPut`. */
export function checkDelete({ key, range_end, prev_kv }: DeleteRequest, { caller }: EtcdCall): void {
  if (key.byteLength === 0) throw knownError('emptyKey');
  requireRange(caller, 'etcd:write', key, range_end);
  if (prev_kv) requireRange(caller, 'etcd:read', key, range_end);
}

export function putOperation({ key, value, lease, prev_kv, ignore_value, ignore_lease }: PutRequest): Operation {
  const keeps = [...(ignore_value ? ['value' as const] : []), ...(ignore_lease ? ['lease' as const] : [])];
  return {
    kind: 'put',
    key: toStoreKey(key),
    value,
    leaseId: toStoreLease(lease) || undefined,
    previous: prev_kv,
    ...(keeps.length > 0 && { keeps }),
  };
}

export function deleteOperation({ key, range_end, prev_kv }: DeleteRequest): Operation {
  return { kind: 'delete-range', ...toStoreRange(key, range_end), previous: prev_kv };
}

/** All but the header. */
export function putAnswer(response: OperationResponse | undefined): Sent<typeof putResponse> {
  const previous = response?.kind === 'put' ? response.previous : undefined;
  return { prev_kv: previous && toKeyValue(previous) };
}

/** All but the header. */
export function deleteAnswer(response: OperationResponse | undefined): Sent<typeof deleteRangeResponse> {
  if (response?.kind !== 'delete') return {};
  return { deleted: response.count, prev_kvs: response.previous?.map(toKeyValue) };
}
