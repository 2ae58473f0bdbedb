/** What the parts of the door share: the store, who asks, and the header of every answer. */
import type { Clock } from '@plumb/base';
import type { Entry, Kv } from '@plumb/kv';
import type { Caller } from '@plumb/rpc';
import { createHash } from 'node:crypto';
import { fromStoreKey } from './key-codec.ts';
import { toEtcdLease } from './lease-id.ts';
import type { Sent } from './message-type.ts';
import type { keyValue, responseHeader } from './messages.ts';

/** What is asked for beside the request. */
export type EtcdCall = {
  readonly caller: Caller;
  /** Aborts when the caller goes away, or its token ends. */
  readonly signal: AbortSignal;
};

export type EtcdCore = {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly memberId: bigint;
  /** With the revision of the store, where none is given. */
  readonly header: (revision?: number) => Sent<typeof responseHeader>;
  readonly txnOperationsMax: number;
};

export type EtcdCoreOptions = {
  readonly kv: Kv;
  readonly clock: Clock;
  /** What is the same for as long as the store is: clients take another for another cluster. */
  readonly identity: string;
  readonly txnOperationsMax: number;
};

export function createEtcdCore({ kv, clock, identity, txnOperationsMax }: EtcdCoreOptions): EtcdCore {
  const digest = createHash('sha256').update(identity).digest();
  const [clusterId, memberId] = [digest.readBigUInt64BE(0), digest.readBigUInt64BE(8)];
  return {
    kv,
    clock,
    memberId,
    txnOperationsMax,
    header: (revision = kv.revision()) => ({
      cluster_id: clusterId,
      member_id: memberId,
      revision,
      // There are no elections.
      raft_term: 1n,
    }),
  };
}

export function toKeyValue(entry: Entry): Sent<typeof keyValue> {
  return {
    key: fromStoreKey(entry.key),
    create_revision: entry.createRevision,
    mod_revision: entry.modRevision,
    version: entry.version,
    value: entry.value,
    lease: toEtcdLease(entry.leaseId),
  };
}
