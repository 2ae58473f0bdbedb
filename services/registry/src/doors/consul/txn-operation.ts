/** Reads the operations of a transaction. */
import type { Caller } from '@plumb/rpc';
import { requireAccess } from './access.ts';
import { badRequest, ConsulError } from './consul-error.ts';
import { Fields, parseJson } from './fields.ts';
import { readFlags, requireKey, requireValueSize } from './kv-endpoints.ts';
import { TXN_OPERATIONS_MAX } from './limits.ts';

const VERBS = [
  'set',
  'cas',
  'lock',
  'unlock',
  'get',
  'get-or-empty',
  'get-tree',
  'check-index',
  'check-session',
  'check-not-exists',
  'delete',
  'delete-tree',
  'delete-cas',
] as const;

export type TxnVerb = (typeof VERBS)[number];

export type TxnOperation = {
  readonly verb: TxnVerb;
  /** A prefix for those on trees. */
  readonly key: string;
  readonly value: Uint8Array;
  readonly flags: bigint;
  readonly index: number;
  readonly session: string;
};

const WRITES: readonly TxnVerb[] = ['set', 'cas', 'lock', 'unlock', 'delete', 'delete-tree', 'delete-cas'];

export function isTreeVerb(verb: TxnVerb): boolean {
  return verb === 'get-tree' || verb === 'delete-tree';
}

/** @throws ConsulError 400 for what is no transaction, 413 for one of too many operations. */
export function readTxn(body: Uint8Array): readonly TxnOperation[] {
  // Flags use all of 64 bits, which numbers in JavaScript cannot hold.
  const parsed = parseJson(body, (key, value, source) =>
    key.toLowerCase() === 'flags' && typeof value === 'number' ? source : value,
  );
  if (!Array.isArray(parsed)) throw badRequest('Failed to parse body: it is not a list of operations');
  if (parsed.length > TXN_OPERATIONS_MAX) {
    throw new ConsulError(413, `Transaction contains too many operations (${parsed.length} > ${TXN_OPERATIONS_MAX})`);
  }
  return parsed.map((item, i) => {
    const fields = Fields.of(item, `[${i}]`).fields('KV');
    if (fields === undefined) throw badRequest(`operation ${i} is not on a key, and Plumb has no others: use KV`);
    return readOperation(fields);
  });
}

/** @throws ConsulError 403 when one of them is not allowed. */
export function requireTxnAccess(operations: readonly TxnOperation[], caller: Caller): void {
  for (const { verb, key } of operations) {
    const permission = WRITES.includes(verb) ? 'consul-kv:write' : 'consul-kv:read';
    requireAccess(caller, permission, key);
  }
}

function readOperation(fields: Fields): TxnOperation {
  const text = fields.text('Verb') ?? '';
  const verb = VERBS.find((known) => known === text);
  if (verb === undefined) throw badRequest(`unknown KV verb "${text}"`);
  const key = fields.text('Key') ?? '';
  if (!isTreeVerb(verb)) requireKey(key);
  const value = Buffer.from(fields.text('Value') ?? '', 'base64');
  requireValueSize(value.byteLength);
  return {
    verb,
    key,
    value,
    flags: readFlags(fields.text('Flags') ?? null),
    index: fields.wholeNumber('Index') ?? 0,
    session: fields.text('Session') ?? '',
  };
}
