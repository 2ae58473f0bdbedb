/** etcd's leases in the store: their numbers, below a prefix, so that nobody takes them for another's. */

const PREFIX = 'etcd:';
/** 0 is no lease. */
const NO_LEASE = 0n;

/** The text orders as the numbers do: shorter ones first. '' for 0. */
export function toStoreLease(id: bigint): string {
  return id === NO_LEASE ? '' : `${PREFIX}${id}`;
}

/** 0 where there is none. */
export function toEtcdLease(leaseId: string | undefined): bigint {
  return leaseId === undefined || !isEtcdLease(leaseId) ? NO_LEASE : BigInt(leaseId.slice(PREFIX.length));
}

export function isEtcdLease(leaseId: string): boolean {
  return leaseId.startsWith(PREFIX);
}
