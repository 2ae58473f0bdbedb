/** `etcdserverpb.KV`: range, put, delete, transactions, compaction. */
import { OperatingError } from '@plumb/base';
import { requireAll } from './access.ts';
import {
  checkDelete,
  checkPut,
  deleteAnswer,
  deleteOperation,
  type DeleteRequest,
  putAnswer,
  putOperation,
  type PutRequest,
} from './changes.ts';
import { knownError } from './etcd-error.ts';
import type { EtcdCall, EtcdCore } from './etcd-core.ts';
import { ETCD_PREFIX } from './key-codec.ts';
import type { Received, Sent } from './message-type.ts';
import * as messages from './messages.ts';
import { type Methods, unary } from './method.ts';
import { range } from './range.ts';
import { transact } from './transact.ts';
import { txn } from './txn.ts';

export function kvMethods(core: EtcdCore): Methods {
  const { rangeRequest, rangeResponse, putRequest, putResponse, txnRequest, txnResponse } = messages;
  const { deleteRangeRequest, deleteRangeResponse, compactionRequest, compactionResponse } = messages;
  return {
    '/etcdserverpb.KV/Range': unary(['/v3/kv/range'], rangeRequest, rangeResponse, (request, call) =>
      range(core, request, call),
    ),
    '/etcdserverpb.KV/Put': unary(['/v3/kv/put'], putRequest, putResponse, (request, call) => put(core, request, call)),
    '/etcdserverpb.KV/DeleteRange': unary(
      ['/v3/kv/deleterange'],
      deleteRangeRequest,
      deleteRangeResponse,
      (request, call) => deleteRange(core, request, call),
    ),
    '/etcdserverpb.KV/Txn': unary(['/v3/kv/txn'], txnRequest, txnResponse, (request, call) => txn(core, request, call)),
    '/etcdserverpb.KV/Compact': unary(['/v3/kv/compaction'], compactionRequest, compactionResponse, (request, call) =>
      compact(core, request, call),
    ),
  };
}

async function put(core: EtcdCore, request: PutRequest, call: EtcdCall): Promise<Sent<typeof messages.putResponse>> {
  await checkPut(core.kv, request, call);
  const { revision, responses } = await transact(core.kv, [putOperation(request)]);
  return { header: core.header(revision), ...putAnswer(responses[0]) };
}

async function deleteRange(
  core: EtcdCore,
  request: DeleteRequest,
  call: EtcdCall,
): Promise<Sent<typeof messages.deleteRangeResponse>> {
  checkDelete(request, call);
  const { revision, responses } = await transact(core.kv, [deleteOperation(request)]);
  return { header: core.header(revision), ...deleteAnswer(responses[0]) };
}

/** The history is the whole store's, so whoever makes it shorter must be allowed to write everything. */
async function compact(
  core: EtcdCore,
  { revision }: Received<typeof messages.compactionRequest>,
  { caller }: EtcdCall,
): Promise<Sent<typeof messages.compactionResponse>> {
  requireAll(caller, 'etcd:write');
  const { kv } = core;
  if (revision > kv.revision()) throw knownError('futureRevision');
  // The store does not mind; etcd's clients are told that somebody else was there before.
  if (revision <= 0 || !(await isKept(core, revision - 1))) throw knownError('compacted');
  await kv.compact(revision);
  return { header: core.header() };
}

async function isKept({ kv }: EtcdCore, revision: number): Promise<boolean> {
  try {
    await kv.range({ start: ETCD_PREFIX, end: ETCD_PREFIX, countOnly: true, revision });
    return true;
  } catch (error) {
    if (error instanceof OperatingError && error.code === 'not-found') return false;
    throw error;
  }
}
