/** Transactions: conditions, and two branches of reads, puts and deletes. */
import type { Compare, CompareOperator, CompareTarget, Operation, OperationResponse } from '@plumb/kv';
import { isInRange, rangeOfKey } from '@plumb/kv';
import { requireRange } from './access.ts';
import { checkDelete, checkPut, deleteAnswer, deleteOperation, putAnswer, putOperation } from './changes.ts';
import { EtcdError, GRPC, knownError } from './etcd-error.ts';
import type { EtcdCall, EtcdCore } from './etcd-core.ts';
import { toStoreKey, toStoreRange } from './key-codec.ts';
import { toStoreLease } from './lease-id.ts';
import type { Received, Sent } from './message-type.ts';
import type { compare, requestOp, responseHeader, responseOp, txnRequest, txnResponse } from './messages.ts';
import { checkRange, rangeAnswer, readRange, selectionOf } from './range.ts';
import { transact } from './transact.ts';

type TxnRequest = Received<typeof txnRequest>;
type RequestOp = Received<typeof requestOp>;
type Answer = Sent<typeof responseOp>;
/** One operation; a read of the past needs none, as it has its answer before the transaction. */
type Step = {
  readonly operation: Operation | undefined;
  readonly answer: (response: OperationResponse | undefined, header: Sent<typeof responseHeader>) => Answer;
};

/** @throws EtcdError for a request that is none, or that the caller may not make, in either branch. */
export async function txn(core: EtcdCore, request: TxnRequest, call: EtcdCall): Promise<Sent<typeof txnResponse>> {
  await checkTxn(core, request, call);
  const success = await planSteps(core, request.success);
  const failure = await planSteps(core, request.failure);
  const { revision, succeeded, responses } = await transact(core.kv, operationsOf(success), {
    compare: request.compare.map(toCompare),
    otherwise: operationsOf(failure),
  });
  return {
    header: core.header(revision),
    succeeded,
    responses: answersOf(succeeded ? success : failure, responses, revision),
  };
}

/** Each with the revision that the store had after it: the one before is there until the first change. */
function answersOf(steps: readonly Step[], responses: readonly OperationResponse[], revision: number): Answer[] {
  const rest = responses.values();
  let at = responses.some(isChange) ? revision - 1 : revision;
  return steps.map(({ operation, answer }) => {
    const response = operation === undefined ? undefined : rest.next().value;
    if (response !== undefined && isChange(response)) at = revision;
    return answer(response, { revision: at });
  });
}

function isChange(response: OperationResponse): boolean {
  return response.kind === 'put' || (response.kind === 'delete' && response.count > 0);
}

async function checkTxn(core: EtcdCore, request: TxnRequest, call: EtcdCall): Promise<void> {
  const lists = [request.compare, request.success, request.failure];
  if (lists.some((list) => list.length > core.txnOperationsMax)) throw knownError('tooManyOperations');
  for (const { key, range_end } of request.compare) {
    if (key.byteLength === 0) throw knownError('emptyKey');
    requireRange(call.caller, 'etcd:read', key, range_end);
  }
  for (const operations of [request.success, request.failure]) {
    for (const operation of operations) await checkOperation(core, operation, call);
    checkOverlaps(operations);
  }
}

async function checkOperation(core: EtcdCore, operation: RequestOp, call: EtcdCall): Promise<void> {
  const { request_range, request_put, request_delete_range, request_txn } = operation;
  if (request_range !== undefined) return checkRange(request_range, call);
  if (request_put !== undefined) return checkPut(core.kv, request_put, call);
  if (request_delete_range !== undefined) return checkDelete(request_delete_range, call);
  if (request_txn === undefined) throw knownError('keyNotFound');
  throw new EtcdError(
    GRPC.unimplemented,
    'etcdserver: a transaction within a transaction is not supported: put its operations into the outer one',
  );
}

/** A key may be put once, and not be deleted as well. */
function checkOverlaps(operations: readonly RequestOp[]): void {
  const puts = new Set<string>();
  for (const { request_put } of operations) {
    if (request_put === undefined) continue;
    const key = toStoreKey(request_put.key);
    if (puts.has(key)) throw knownError('duplicateKey');
    puts.add(key);
  }
  for (const { request_delete_range } of operations) {
    if (request_delete_range === undefined) continue;
    const range = toStoreRange(request_delete_range.key, request_delete_range.range_end);
    for (const key of puts) if (isInRange(key, range)) throw knownError('duplicateKey');
  }
}

async function planSteps(core: EtcdCore, operations: readonly RequestOp[]): Promise<Step[]> {
  const steps: Step[] = [];
  for (const operation of operations) steps.push(await planStep(core, operation));
  return steps;
}

async function planStep(
  core: EtcdCore,
  { request_range, request_put, request_delete_range }: RequestOp,
): Promise<Step> {
  if (request_put !== undefined) {
    return {
      operation: putOperation(request_put),
      answer: (response, header) => ({ response_put: { header, ...putAnswer(response) } }),
    };
  }
  if (request_delete_range !== undefined) {
    return {
      operation: deleteOperation(request_delete_range),
      answer: (response, header) => ({ response_delete_range: { header, ...deleteAnswer(response) } }),
    };
  }
  if (request_range === undefined) throw knownError('keyNotFound');
  const past = request_range.revision > 0 ? (await readRange(core, request_range)).result : undefined;
  return {
    operation: past === undefined ? { kind: 'range', ...selectionOf(request_range) } : undefined,
    answer(response, header) {
      const result = past ?? (response?.kind === 'range' ? response : { entries: [], count: 0, more: false });
      return { response_range: { header, ...rangeAnswer(request_range, result) } };
    },
  };
}

function operationsOf(steps: readonly Step[]): Operation[] {
  return steps.flatMap(({ operation }) => operation ?? []);
}

const OPERATORS: Readonly<Record<Received<typeof compare>['result'], CompareOperator>> = {
  EQUAL: '=',
  GREATER: '>',
  LESS: '<',
  NOT_EQUAL: '!=',
};

function toCompare(condition: Received<typeof compare>): Compare {
  const { key, range_end, result } = condition;
  const range = range_end.byteLength === 0 ? rangeOfKey(toStoreKey(key)) : toStoreRange(key, range_end);
  return { range, operator: OPERATORS[result], ...targetOf(condition) } as Compare;
}

function targetOf(condition: Received<typeof compare>): Omit<CompareTarget, 'operator'> {
  switch (condition.target) {
    case 'VERSION':
      return { target: 'version', value: condition.version };
    case 'CREATE':
      return { target: 'create', value: condition.create_revision };
    case 'MOD':
      return { target: 'mod', value: condition.mod_revision };
    case 'VALUE':
      return { target: 'value', value: condition.value };
    case 'LEASE':
      return { target: 'lease', value: toStoreLease(condition.lease) };
  }
}
