/**
 * The messages of etcd's API, version 3.4, that the door speaks. Names and numbers are the protocol's
 * (https://etcd.io/docs/v3.4/dev-guide/api_reference_v3/).
 */
import { enumeration, field, message, opaqueMessage, repeated } from './message-type.ts';

export const responseHeader = message({
  cluster_id: field(1, 'uint64'),
  member_id: field(2, 'uint64'),
  revision: field(3, 'int64'),
  raft_term: field(4, 'uint64'),
});
const header = field(1, responseHeader);

export const keyValue = message({
  key: field(1, 'bytes'),
  create_revision: field(2, 'int64'),
  mod_revision: field(3, 'int64'),
  version: field(4, 'int64'),
  value: field(5, 'bytes'),
  lease: field(6, 'id64'),
});

export const rangeRequest = message({
  key: field(1, 'bytes'),
  range_end: field(2, 'bytes'),
  limit: field(3, 'int64'),
  revision: field(4, 'int64'),
  sort_order: field(5, enumeration('NONE', 'ASCEND', 'DESCEND')),
  sort_target: field(6, enumeration('KEY', 'VERSION', 'CREATE', 'MOD', 'VALUE')),
  serializable: field(7, 'bool'),
  keys_only: field(8, 'bool'),
  count_only: field(9, 'bool'),
  min_mod_revision: field(10, 'int64'),
  max_mod_revision: field(11, 'int64'),
  min_create_revision: field(12, 'int64'),
  max_create_revision: field(13, 'int64'),
});
export const rangeResponse = message({
  header,
  kvs: repeated(2, keyValue),
  more: field(3, 'bool'),
  count: field(4, 'int64'),
});

export const putRequest = message({
  key: field(1, 'bytes'),
  value: field(2, 'bytes'),
  lease: field(3, 'id64'),
  prev_kv: field(4, 'bool'),
  ignore_value: field(5, 'bool'),
  ignore_lease: field(6, 'bool'),
});
export const putResponse = message({ header, prev_kv: field(2, keyValue) });

export const deleteRangeRequest = message({
  key: field(1, 'bytes'),
  range_end: field(2, 'bytes'),
  prev_kv: field(3, 'bool'),
});
export const deleteRangeResponse = message({
  header,
  deleted: field(2, 'int64'),
  prev_kvs: repeated(3, keyValue),
});

export const compare = message({
  result: field(1, enumeration('EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL')),
  target: field(2, enumeration('VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE')),
  key: field(3, 'bytes'),
  version: field(4, 'int64'),
  create_revision: field(5, 'int64'),
  mod_revision: field(6, 'int64'),
  value: field(7, 'bytes'),
  lease: field(8, 'id64'),
  range_end: field(64, 'bytes'),
});
export const requestOp = message({
  request_range: field(1, rangeRequest),
  request_put: field(2, putRequest),
  request_delete_range: field(3, deleteRangeRequest),
  /** A transaction within a transaction, which the store has not. */
  request_txn: field(4, opaqueMessage()),
});
export const responseOp = message({
  response_range: field(1, rangeResponse),
  response_put: field(2, putResponse),
  response_delete_range: field(3, deleteRangeResponse),
});
export const txnRequest = message({
  compare: repeated(1, compare),
  success: repeated(2, requestOp),
  failure: repeated(3, requestOp),
});
export const txnResponse = message({
  header,
  succeeded: field(2, 'bool'),
  responses: repeated(3, responseOp),
});

export const compactionRequest = message({ revision: field(1, 'int64'), physical: field(2, 'bool') });
export const compactionResponse = message({ header });

export const watchCreateRequest = message({
  key: field(1, 'bytes'),
  range_end: field(2, 'bytes'),
  start_revision: field(3, 'int64'),
  progress_notify: field(4, 'bool'),
  filters: repeated(5, enumeration('NOPUT', 'NODELETE')),
  prev_kv: field(6, 'bool'),
  watch_id: field(7, 'int64'),
  fragment: field(8, 'bool'),
});
export const watchRequest = message({
  create_request: field(1, watchCreateRequest),
  cancel_request: field(2, message({ watch_id: field(1, 'int64') })),
  progress_request: field(3, message({})),
});
export const event = message({
  type: field(1, enumeration('PUT', 'DELETE')),
  kv: field(2, keyValue),
  prev_kv: field(3, keyValue),
});
export const watchResponse = message({
  header,
  watch_id: field(2, 'int64'),
  created: field(3, 'bool'),
  canceled: field(4, 'bool'),
  compact_revision: field(5, 'int64'),
  cancel_reason: field(6, 'string'),
  fragment: field(7, 'bool'),
  events: repeated(11, event),
});

export const leaseGrantRequest = message({ TTL: field(1, 'int64'), ID: field(2, 'id64') });
export const leaseGrantResponse = message({
  header,
  ID: field(2, 'id64'),
  TTL: field(3, 'int64'),
  error: field(4, 'string'),
});
export const leaseRevokeRequest = message({ ID: field(1, 'id64') });
export const leaseRevokeResponse = message({ header });
export const leaseKeepAliveRequest = message({ ID: field(1, 'id64') });
export const leaseKeepAliveResponse = message({ header, ID: field(2, 'id64'), TTL: field(3, 'int64') });
export const leaseTimeToLiveRequest = message({ ID: field(1, 'id64'), keys: field(2, 'bool') });
export const leaseTimeToLiveResponse = message({
  header,
  ID: field(2, 'id64'),
  TTL: field(3, 'int64'),
  grantedTTL: field(4, 'int64'),
  keys: repeated(5, 'bytes'),
});
export const leaseLeasesRequest = message({});
export const leaseLeasesResponse = message({ header, leases: repeated(2, message({ ID: field(1, 'id64') })) });

export const memberListRequest = message({ linearizable: field(1, 'bool') });
export const memberListResponse = message({
  header,
  members: repeated(
    2,
    message({
      ID: field(1, 'uint64'),
      name: field(2, 'string'),
      peerURLs: repeated(3, 'string'),
      clientURLs: repeated(4, 'string'),
      isLearner: field(5, 'bool'),
    }),
  ),
});

export const statusRequest = message({});
export const statusResponse = message({
  header,
  version: field(2, 'string'),
  dbSize: field(3, 'int64'),
  leader: field(4, 'uint64'),
  raftIndex: field(5, 'uint64'),
  raftTerm: field(6, 'uint64'),
  raftAppliedIndex: field(7, 'uint64'),
  errors: repeated(8, 'string'),
  dbSizeInUse: field(9, 'int64'),
  isLearner: field(10, 'bool'),
});
const alarm = enumeration('NONE', 'NOSPACE', 'CORRUPT');
export const alarmRequest = message({
  action: field(1, enumeration('GET', 'ACTIVATE', 'DEACTIVATE')),
  memberID: field(2, 'uint64'),
  alarm: field(3, alarm),
});
export const alarmResponse = message({
  header,
  alarms: repeated(2, message({ memberID: field(1, 'uint64'), alarm: field(2, alarm) })),
});

export const authenticateRequest = message({ name: field(1, 'string'), password: field(2, 'string') });
export const authenticateResponse = message({ header, token: field(2, 'string') });
