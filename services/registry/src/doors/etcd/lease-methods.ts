/** `etcdserverpb.Lease`: keys that go when nobody keeps their lease alive. */
import { OperatingError } from '@plumb/base';
import { LEASE_TTL_MS_MAX } from '@plumb/kv';
import type { Caller } from '@plumb/rpc';
import { randomBytes } from 'node:crypto';
import { mayAll, mayRange, requireRange, requireSome } from './access.ts';
import { requireLease } from './changes.ts';
import { knownError } from './etcd-error.ts';
import type { EtcdCall, EtcdCore } from './etcd-core.ts';
import { fromStoreKey } from './key-codec.ts';
import { isEtcdLease, toEtcdLease, toStoreLease } from './lease-id.ts';
import { LEASE_TTL_SECONDS_MIN } from './limits.ts';
import type { Received, Sent } from './message-type.ts';
import * as messages from './messages.ts';
import { type Methods, type Send, stream, unary } from './method.ts';

/** What is told of a lease that is not there. */
const GONE_TTL = -1;

export function leaseMethods(core: EtcdCore): Methods {
  const { leaseGrantRequest, leaseGrantResponse, leaseRevokeRequest, leaseRevokeResponse } = messages;
  const { leaseTimeToLiveRequest, leaseTimeToLiveResponse, leaseLeasesRequest, leaseLeasesResponse } = messages;
  const { leaseKeepAliveRequest, leaseKeepAliveResponse } = messages;
  return {
    '/etcdserverpb.Lease/LeaseGrant': unary(
      ['/v3/lease/grant'],
      leaseGrantRequest,
      leaseGrantResponse,
      (request, call) => grant(core, request, call),
    ),
    '/etcdserverpb.Lease/LeaseRevoke': unary(
      ['/v3/lease/revoke', '/v3/kv/lease/revoke'],
      leaseRevokeRequest,
      leaseRevokeResponse,
      (request, call) => revoke(core, request, call),
    ),
    '/etcdserverpb.Lease/LeaseTimeToLive': unary(
      ['/v3/lease/timetolive', '/v3/kv/lease/timetolive'],
      leaseTimeToLiveRequest,
      leaseTimeToLiveResponse,
      (request, call) => timeToLive(core, request, call),
    ),
    '/etcdserverpb.Lease/LeaseLeases': unary(
      ['/v3/lease/leases', '/v3/kv/lease/leases'],
      leaseLeasesRequest,
      leaseLeasesResponse,
      (_request, call) => leases(core, call),
    ),
    '/etcdserverpb.Lease/LeaseKeepAlive': stream(
      ['/v3/lease/keepalive'],
      leaseKeepAliveRequest,
      leaseKeepAliveResponse,
      (requests, send, call) => keepAlive(core, requests, send, call),
    ),
  };
}

async function grant(
  core: EtcdCore,
  { TTL, ID }: Received<typeof messages.leaseGrantRequest>,
  { caller }: EtcdCall,
): Promise<Sent<typeof messages.leaseGrantResponse>> {
  requireSome(caller, 'etcd:write');
  const seconds = Math.max(TTL, LEASE_TTL_SECONDS_MIN);
  if (seconds * 1_000 > LEASE_TTL_MS_MAX) throw knownError('leaseTtlTooLarge');
  for (;;) {
    const id = ID === 0n ? randomLease() : ID;
    try {
      await core.kv.grantLease(seconds * 1_000, { leaseId: toStoreLease(id) });
      return { header: core.header(), ID: id, TTL: seconds };
    } catch (error) {
      if (!(error instanceof OperatingError) || error.code !== 'already-exists') throw error;
      // Of 2⁶³ numbers one was taken: the next will not be.
      if (ID !== 0n) throw knownError('leaseExists');
    }
  }
}

function randomLease(): bigint {
  return (randomBytes(8).readBigUInt64BE() >> 1n) | 1n;
}

async function revoke(
  core: EtcdCore,
  { ID }: Received<typeof messages.leaseRevokeRequest>,
  call: EtcdCall,
): Promise<Sent<typeof messages.leaseRevokeResponse>> {
  requireSome(call.caller, 'etcd:write');
  const leaseId = toStoreLease(ID);
  if ((await core.kv.getLease(leaseId)) === undefined) throw knownError('leaseNotFound');
  await requireLease(core.kv, ID, call);
  await core.kv.revokeLease(leaseId);
  return { header: core.header() };
}

async function timeToLive(
  core: EtcdCore,
  { ID, keys }: Received<typeof messages.leaseTimeToLiveRequest>,
  { caller }: EtcdCall,
): Promise<Sent<typeof messages.leaseTimeToLiveResponse>> {
  requireSome(caller, 'etcd:read');
  const status = await core.kv.getLease(toStoreLease(ID));
  if (status === undefined) return { header: core.header(), ID, TTL: GONE_TTL };
  const names = keys ? status.keys.map(fromStoreKey) : [];
  for (const name of names) requireRange(caller, 'etcd:read', name);
  return {
    header: core.header(),
    ID,
    TTL: Math.floor(status.remainingMs / 1_000),
    grantedTTL: Math.floor(status.ttlMs / 1_000),
    keys: names,
  };
}

/** Those of whose keys the caller may read all. */
async function leases(core: EtcdCore, { caller }: EtcdCall): Promise<Sent<typeof messages.leaseLeasesResponse>> {
  requireSome(caller, 'etcd:read');
  const seen: string[] = [];
  for (const id of await core.kv.listLeases()) if (isEtcdLease(id) && (await isSeen(core, id, caller))) seen.push(id);
  return { header: core.header(), leases: seen.map((id) => ({ ID: toEtcdLease(id) })) };
}

async function isSeen({ kv }: EtcdCore, leaseId: string, caller: Caller): Promise<boolean> {
  if (mayAll(caller, 'etcd:read')) return true;
  const { keys = [] } = (await kv.getLease(leaseId)) ?? {};
  return keys.every((key) => mayRange(caller, 'etcd:read', fromStoreKey(key)));
}

/**
 * One answer a request; a lease that is gone has a time to live of 0. Whoever keeps a lease alive keeps its keys, such as the
 * lock of somebody who has died: so it is for who may write them.
 */
async function keepAlive(
  core: EtcdCore,
  requests: AsyncIterable<Received<typeof messages.leaseKeepAliveRequest>>,
  send: Send<typeof messages.leaseKeepAliveResponse>,
  { caller }: EtcdCall,
): Promise<void> {
  requireSome(caller, 'etcd:write');
  for await (const { ID } of requests) {
    if (!mayAll(caller, 'etcd:write')) await requireLease(core.kv, ID, { caller });
    const TTL = await renew(core, ID);
    await send({ header: core.header(), ID, TTL });
  }
}

async function renew({ kv }: EtcdCore, id: bigint): Promise<number> {
  try {
    return Math.floor((await kv.keepAlive(toStoreLease(id))).ttlMs / 1_000);
  } catch (error) {
    if (error instanceof OperatingError && error.code === 'not-found') return 0;
    throw error;
  }
}
