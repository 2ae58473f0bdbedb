/** A transaction as etcd has it, and its answer. */
import { findFailedEntry, rangeOfCompare } from '../compare.ts';
import { rangeOfPrefix } from '../key-range.ts';
import type {
  Compare,
  CompareOperator,
  CompareTarget,
  Operation,
  OperationResponse,
  TransactionResult,
} from '../operation.ts';
import {
  bytesToBase64,
  type EtcdCodec,
  type EtcdHeader,
  type EtcdKeyValue,
  type EtcdRange,
  toNumber,
} from './etcd-codec.ts';

type EtcdResponse = {
  readonly response_put?: { readonly prev_kv?: EtcdKeyValue };
  readonly response_delete_range?: { readonly deleted?: string; readonly prev_kvs?: readonly EtcdKeyValue[] };
  readonly response_range?: EtcdRange;
};
export type EtcdTransaction = {
  readonly header?: EtcdHeader;
  readonly succeeded?: boolean;
  readonly responses?: readonly EtcdResponse[];
};

const RESULTS: Readonly<Record<CompareOperator, string>> = {
  '=': 'EQUAL',
  '!=': 'NOT_EQUAL',
  '<': 'LESS',
  '>': 'GREATER',
};

/** Without `otherwise`, the failure branch reads what the conditions speak of, to tell which did not hold. */
export function transactionRequest(
  codec: EtcdCodec,
  operations: readonly Operation[],
  compare: readonly Compare[],
  otherwise: readonly Operation[] | undefined,
): object {
  const failure =
    otherwise === undefined
      ? compare.map((condition) => ({ request_range: codec.range(rangeOfCompare(condition)) }))
      : otherwise.map((operation) => operationRequest(codec, operation));
  return {
    compare: compare.map((condition) => compareRequest(codec, condition)),
    success: operations.map((operation) => operationRequest(codec, operation)),
    failure,
  };
}

export function transactionResult(
  codec: EtcdCodec,
  { header, succeeded = false, responses = [] }: EtcdTransaction,
  operations: readonly Operation[],
  compare: readonly Compare[],
  otherwise: readonly Operation[] | undefined,
): TransactionResult {
  const applied = succeeded ? operations : otherwise;
  if (applied !== undefined) {
    return {
      kind: 'committed',
      revision: toNumber(header?.revision),
      succeeded,
      responses: applied.map((operation, index) => operationResponse(codec, operation, responses[index] ?? {})),
    };
  }
  for (const [index, condition] of compare.entries()) {
    const kvs = responses[index]?.response_range?.kvs ?? [];
    const failed = findFailedEntry(
      condition,
      kvs.map((kv) => codec.entry(kv)),
    );
    if (failed !== undefined) return { kind: 'conflict', ...failed };
  }
  throw new Error('etcd refused conditions that hold');
}

function compareRequest(codec: EtcdCodec, condition: Compare): object {
  const target: CompareTarget =
    'modRevision' in condition ? { target: 'mod', operator: '=', value: condition.modRevision } : condition;
  const subject = 'key' in condition ? { key: codec.key(condition.key) } : codec.range(condition.range);
  return { ...subject, result: RESULTS[target.operator], ...compareTarget(target) };
}

function compareTarget(target: CompareTarget): object {
  switch (target.target) {
    case 'value':
      return { target: 'VALUE', value: bytesToBase64(target.value) };
    case 'version':
      return { target: 'VERSION', version: String(target.value) };
    case 'create':
      return { target: 'CREATE', create_revision: String(target.value) };
    case 'mod':
      return { target: 'MOD', mod_revision: String(target.value) };
    case 'lease':
      return { target: 'LEASE', lease: target.value || '0' };
  }
}

function operationRequest(codec: EtcdCodec, operation: Operation): object {
  switch (operation.kind) {
    case 'put':
      return { request_put: putRequest(codec, operation) };
    case 'delete':
      return { request_delete_range: { key: codec.key(operation.key), prev_kv: operation.previous ?? false } };
    case 'delete-prefix':
      return deleteRequest(codec.range(rangeOfPrefix(operation.prefix)), operation.previous);
    case 'delete-range':
      return deleteRequest(codec.range(operation), operation.previous);
    case 'get':
      return { request_range: { key: codec.key(operation.key) } };
    case 'range':
      return { request_range: codec.selection(operation) };
  }
}

function putRequest(codec: EtcdCodec, operation: Extract<Operation, { readonly kind: 'put' }>): object {
  const { key, value, leaseId = '0', keeps = [], previous = false } = operation;
  return {
    key: codec.key(key),
    prev_kv: previous,
    // etcd refuses what is given beside what is to be kept.
    ...(keeps.includes('value') ? { ignore_value: true } : { value: bytesToBase64(value) }),
    ...(keeps.includes('lease') ? { ignore_lease: true } : { lease: leaseId }),
  };
}

function deleteRequest(range: object, previous = false): object {
  return { request_delete_range: { ...range, prev_kv: previous } };
}

function operationResponse(codec: EtcdCodec, operation: Operation, response: EtcdResponse): OperationResponse {
  switch (operation.kind) {
    case 'put': {
      const previous = response.response_put?.prev_kv;
      if (operation.previous !== true) return { kind: 'put' };
      return { kind: 'put', previous: previous === undefined ? undefined : codec.entry(previous) };
    }
    case 'delete':
    case 'delete-prefix':
    case 'delete-range': {
      const { deleted, prev_kvs = [] } = response.response_delete_range ?? {};
      const previous = operation.previous === true ? { previous: prev_kvs.map((kv) => codec.entry(kv)) } : {};
      return { kind: 'delete', count: toNumber(deleted), ...previous };
    }
    case 'get': {
      const [kv] = response.response_range?.kvs ?? [];
      return { kind: 'get', entry: kv === undefined ? undefined : codec.entry(kv) };
    }
    case 'range':
      return { kind: 'range', ...codec.rangeResult(response.response_range ?? {}, operation) };
  }
}
