/**
 * `/v1/txn`: operations on keys, all or none. What they read is read first; they are worked through in order over it; and
 * what they change is written under the condition that nothing of what was read has changed meanwhile, trees included.
 */
import { OperatingError } from '@plumb/base';
import { type Compare, type Kv, type Operation, rangeOfPrefix } from '@plumb/kv';
import { ConsulError } from './consul-error.ts';
import type { EndpointRequest, Endpoints, Reply } from './consul-request.ts';
import { storeKeyOf } from './kv-record.ts';
import { conditionOf, operationsOf } from './kv-writer.ts';
import { KV_VALUE_SIZE_BYTES_MAX, TXN_TREE_ENTRIES_MAX, WRITE_TRIES_MAX } from './limits.ts';
import type { LockDelays } from './lock-delays.ts';
import type { Sessions } from './sessions.ts';
import type { StoreFollower } from './store-follower.ts';
import { isTreeVerb, readTxn, requireTxnAccess, type TxnOperation } from './txn-operation.ts';
import { TxnWork } from './txn-work.ts';

export type TxnDependencies = {
  readonly kv: Kv;
  readonly follower: StoreFollower;
  readonly sessions: Sessions;
  readonly delays: LockDelays;
};

export function txnEndpoints(dependencies: TxnDependencies): Endpoints {
  return { '/v1/txn': { PUT: (request) => runTxn(request, dependencies) } };
}

async function runTxn({ body, caller }: EndpointRequest, dependencies: TxnDependencies): Promise<Reply> {
  if (body.byteLength > KV_VALUE_SIZE_BYTES_MAX) {
    throw new ConsulError(
      413,
      `Request body(${body.byteLength} bytes) too large, max size: ${KV_VALUE_SIZE_BYTES_MAX} bytes.`,
    );
  }
  const operations = readTxn(body);
  requireTxnAccess(operations, caller);
  for (let tries = 0; tries < WRITE_TRIES_MAX; tries += 1) {
    const reply = await tryTxn(operations, dependencies);
    if (reply !== undefined) return reply;
  }
  throw new OperatingError('conflict', 'what the transaction reads is changed by others all the time: try again');
}

/** Undefined where something that was read has changed before it could be written. */
async function tryTxn(
  operations: readonly TxnOperation[],
  { kv, follower, sessions, delays }: TxnDependencies,
): Promise<Reply | undefined> {
  await follower.caughtUp();
  const { work, conditions } = await readAll(kv, operations, new TxnWork({ sessions, delays }));
  operations.forEach((operation, i) => work.apply(operation, i));
  if (work.errors.length > 0) return { status: 409, value: { Results: null, Errors: work.errors } };
  const writes: Operation[] = work
    .changes()
    .flatMap(({ key, before, change, terms }) => operationsOf(key, before, change, terms));
  const result = await kv.transact(writes, { compare: [...conditions, ...work.conditions()] });
  if (result.kind === 'conflict') return undefined;
  return { value: { Results: work.results(result.revision).map((record) => ({ KV: record })), Errors: null } };
}

/** What the operations read, and the conditions that it still is so. */
async function readAll(
  kv: Kv,
  operations: readonly TxnOperation[],
  work: TxnWork,
): Promise<{ readonly work: TxnWork; readonly conditions: Compare[] }> {
  const conditions: Compare[] = [];
  let entryCount = 0;
  for (const { verb, key } of operations) {
    if (!isTreeVerb(verb)) {
      const entry = await kv.get(storeKeyOf(key));
      const record = work.addBase(key, entry);
      conditions.push(conditionOf(key, record));
      continue;
    }
    const range = rangeOfPrefix(storeKeyOf(key));
    const { revision, entries } = await kv.range(range);
    entryCount += entries.length;
    if (entryCount > TXN_TREE_ENTRIES_MAX) {
      const limit = `the trees of a transaction hold at most ${TXN_TREE_ENTRIES_MAX} keys together`;
      throw new ConsulError(413, `${limit}, and those under "${key}" are more: delete them with ?recurse`);
    }
    for (const entry of entries) conditions.push(conditionOf(...work.addTreeBase(entry)));
    // No key has come into it since; the conditions above say that none has gone or changed.
    conditions.push({ range, target: 'mod', operator: '<', value: revision + 1 });
  }
  return { work, conditions };
}
