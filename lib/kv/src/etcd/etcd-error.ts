/** What etcd reports, as errors of ours. */
import { type ErrorCode, OperatingError } from '@plumb/base';

/** What callers must tell apart. */
export type EtcdReason = 'compacted' | 'future' | 'lease-not-found' | 'lease-exists' | 'token' | 'other';
export type EtcdError = OperatingError & { readonly details: { readonly reason: EtcdReason } };

/** Beginnings of etcd's messages (etcd-io/etcd, `api/v3rpc/rpctypes/error.go`). */
const REASONS: readonly (readonly [text: string, reason: EtcdReason, code: ErrorCode])[] = [
  ['etcdserver: mvcc: required revision has been compacted', 'compacted', 'not-found'],
  ['etcdserver: mvcc: required revision is a future revision', 'future', 'invalid'],
  ['etcdserver: requested lease not found', 'lease-not-found', 'not-found'],
  ['etcdserver: key not found', 'other', 'not-found'],
  ['etcdserver: lease already exists', 'lease-exists', 'already-exists'],
  ['etcdserver: key not found', 'other', 'not-found'],
  ['etcdserver: invalid auth token', 'token', 'denied'],
  ['etcdserver: revision of auth store is old', 'token', 'denied'],
];

/** gRPC status codes. What is not here is worth another try. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  3: 'invalid',
  5: 'not-found',
  6: 'already-exists',
  7: 'denied',
  8: 'exhausted',
  9: 'invalid',
  11: 'invalid',
  16: 'denied',
};

export function etcdError(text: string, code: number | undefined): EtcdError {
  const [, reason = 'other', ours] = REASONS.find(([start]) => text.startsWith(start)) ?? [];
  const hint = text.includes('too many operations') ? ': start etcd with --max-txn-ops 1024' : '';
  return new OperatingError(ours ?? CODES[code ?? 0] ?? 'unavailable', `${text}${hint}`, {
    details: { reason },
  }) as EtcdError;
}

export function hasReason(error: unknown, reason: EtcdReason): boolean {
  return error instanceof OperatingError && error.details?.['reason'] === reason;
}
