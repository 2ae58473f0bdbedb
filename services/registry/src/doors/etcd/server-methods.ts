/** `etcdserverpb.Maintenance` and `Cluster`: what clients ask of a server beside its keys. It is a cluster of one. */
import type { Caller } from '@plumb/rpc';
import { requireSome } from './access.ts';
import { EtcdError, GRPC } from './etcd-error.ts';
import type { EtcdCore } from './etcd-core.ts';
import * as messages from './messages.ts';
import { type Methods, unary } from './method.ts';

/** Of etcd's API. Clients choose by it what they ask for; Plumb has a version of its own. */
export const ETCD_API_VERSION = '3.4.0';

export type ServerFacts = {
  readonly hostName: string;
  /** Such as `http://127.0.0.1:2379`. */
  readonly url: () => string;
};

export function serverMethods(core: EtcdCore, { hostName, url }: ServerFacts): Methods {
  const { statusRequest, statusResponse, alarmRequest, alarmResponse, memberListRequest, memberListResponse } =
    messages;
  return {
    '/etcdserverpb.Maintenance/Status': unary(
      ['/v3/maintenance/status'],
      statusRequest,
      statusResponse,
      async (_request, { caller }) => {
        requireAny(caller);
        const index = BigInt(core.kv.revision());
        return {
          header: core.header(),
          version: ETCD_API_VERSION,
          leader: core.memberId,
          raftIndex: index,
          raftTerm: 1n,
          raftAppliedIndex: index,
        };
      },
    ),
    '/etcdserverpb.Maintenance/Alarm': unary(
      ['/v3/maintenance/alarm'],
      alarmRequest,
      alarmResponse,
      async ({ action }, { caller }) => {
        requireAny(caller);
        if (action === 'GET') return { header: core.header() };
        throw new EtcdError(GRPC.unimplemented, 'etcdserver: alarms cannot be set: see "plumb alerts"');
      },
    ),
    '/etcdserverpb.Cluster/MemberList': unary(
      ['/v3/cluster/member/list'],
      memberListRequest,
      memberListResponse,
      async (_request, { caller }) => {
        requireAny(caller);
        const member = { ID: core.memberId, name: hostName, peerURLs: [], clientURLs: [url()] };
        return { header: core.header(), members: [member] };
      },
    ),
  };
}

/** Whoever may do anything at the door may know that it is there. */
function requireAny(caller: Caller): void {
  try {
    requireSome(caller, 'etcd:read');
  } catch {
    requireSome(caller, 'etcd:write');
  }
}
