/** `/v1/kv/`: keys, their values, and the locks on them. */
import type { Kv } from '@plumb/kv';
import { rangeOfKey, rangeOfPrefix } from '@plumb/kv';
import type { Caller } from '@plumb/rpc';
import { may, mayAll, requireAccess, requireSomeAccess } from './access.ts';
import type { BlockingQueries, Reading } from './blocking.ts';
import { badRequest, ConsulError } from './consul-error.ts';
import { type EndpointRequest, type Endpoints, hasFlag, NOTHING, type Reply, wholeNumber } from './consul-request.ts';
import type { DeletedKeys } from './deleted-keys.ts';
import { decodeRecord, KV_PREFIX, kvJson, type KvRecord, storeKeyOf } from './kv-record.ts';
import { casKey, deleteCasKey, deleteKey, type KvInput, lockKey, setKey, unlockKey } from './kv-verbs.ts';
import { ConditionFailed, type KvWriter } from './kv-writer.ts';
import { KV_KEY_SIZE_BYTES_MAX, KV_VALUE_SIZE_BYTES_MAX } from './limits.ts';
import type { LockDelays } from './lock-delays.ts';
import type { Session, Sessions } from './sessions.ts';
import type { SharedReads } from './shared-reads.ts';
import type { StoreFollower } from './store-follower.ts';

export type KvEndpointDependencies = {
  readonly kv: Kv;
  readonly follower: StoreFollower;
  readonly deleted: DeletedKeys;
  readonly reads: SharedReads;
  readonly blocking: BlockingQueries;
  readonly writer: KvWriter;
  readonly sessions: Sessions;
  readonly delays: LockDelays;
};

const FLAGS_MAX = 2n ** 64n - 1n;

export function kvEndpoints(dependencies: KvEndpointDependencies): Endpoints {
  return {
    '/v1/kv/': {
      GET: (request) => readKv(request, dependencies),
      PUT: (request) => putKv(request, dependencies),
      DELETE: (request) => deleteKv(request, dependencies),
    },
  };
}

async function readKv(request: EndpointRequest, dependencies: KvEndpointDependencies): Promise<Reply> {
  const { name: key, caller } = request;
  const isList = hasFlag(request, 'keys') || hasFlag(request, 'recurse');
  if (isList) {
    requireSomeAccess(caller, 'consul-kv:read');
    return dependencies.blocking.answer(request, () => readPrefix(request, dependencies));
  }
  requireKey(key);
  requireAccess(caller, 'consul-kv:read', key);
  const isRaw = hasFlag(request, 'raw');
  const read = (): Promise<Reading> => readOne(key, isRaw, dependencies);
  return dependencies.blocking.answer(request, () => dependencies.reads.share(`${isRaw ? 'raw' : 'get'} ${key}`, read));
}

/** The index of a key that is there is its own; of one that is not, that of its deletion. */
async function readOne(
  key: string,
  isRaw: boolean,
  { kv, follower, deleted }: KvEndpointDependencies,
): Promise<Reading> {
  const revision = kv.revision();
  const storeKey = storeKeyOf(key);
  const entry = await kv.get(storeKey);
  const changed = (signal: AbortSignal): Promise<void> => changedAfter(kv, rangeOfKey(storeKey), { revision, signal });
  if (entry === undefined) {
    await follower.caughtUp();
    return { index: deleted.indexOfKey(storeKey), reply: NOTHING, changed };
  }
  const record = decodeRecord(entry);
  const reply: Reply = isRaw ? rawReply(record) : { value: [kvJson(record)] };
  return { index: record.modifyIndex, reply, changed };
}

async function readPrefix(request: EndpointRequest, dependencies: KvEndpointDependencies): Promise<Reading> {
  const { name: prefix, caller, query } = request;
  const isKeys = hasFlag(request, 'keys');
  const separator = query.get('separator') ?? '';
  const sees = mayAll(caller, 'consul-kv:read') ? '*' : caller.scopes.join(' ');
  const shape = JSON.stringify([isKeys ? 'keys' : 'recurse', prefix, separator, sees]);
  return dependencies.reads.share(shape, () => readTree(prefix, { caller, isKeys, separator }, dependencies));
}

async function readTree(
  prefix: string,
  { caller, isKeys, separator }: { readonly caller: Caller; readonly isKeys: boolean; readonly separator: string },
  { kv, follower, deleted }: KvEndpointDependencies,
): Promise<Reading> {
  const range = rangeOfPrefix(storeKeyOf(prefix));
  const { revision, entries } = await kv.range({ ...range, keysOnly: isKeys });
  await follower.reached(revision);
  let last = 0;
  for (const { modRevision } of entries) last = Math.max(last, modRevision);
  const index = deleted.indexOfPrefix(storeKeyOf(prefix), last);
  const changed = (signal: AbortSignal): Promise<void> => changedAfter(kv, range, { revision, signal });
  const mine = entries.filter(({ key }) => may(caller, 'consul-kv:read', key.slice(KV_PREFIX.length)));
  if (mine.length === 0) return { index, reply: NOTHING, changed };
  const value = isKeys
    ? foldKeys(
        mine.map(({ key }) => key.slice(KV_PREFIX.length)),
        prefix,
        separator,
      )
    : mine.map((entry) => kvJson(decodeRecord(entry)));
  return { index, reply: { value }, changed };
}

/** Cut after the first separator that follows the prefix, each once. Keys come in order, so equal ones come together. */
function foldKeys(keys: readonly string[], prefix: string, separator: string): readonly string[] {
  if (separator === '') return keys;
  const folded: string[] = [];
  for (const key of keys) {
    const at = key.indexOf(separator, prefix.length);
    const part = at < 0 ? key : key.slice(0, at + separator.length);
    if (folded.at(-1) !== part) folded.push(part);
  }
  return folded;
}

/** Resolves at the first change in `range` after `revision`, at once where there was one, and when `signal` aborts. */
async function changedAfter(
  kv: Kv,
  range: { readonly start: string; readonly end?: string | undefined },
  { revision, signal }: { readonly revision: number; readonly signal: AbortSignal },
): Promise<void> {
  for await (const _event of kv.watchFrom(range, { signal, fromRevision: revision + 1 })) return;
}

function rawReply({ value }: KvRecord): Reply {
  return {
    contentType: 'text/plain; charset=utf-8',
    body: value,
    // What somebody put is nothing that a browser is to run.
    headers: { 'content-security-policy': 'sandbox', 'x-content-type-options': 'nosniff' },
  };
}

async function putKv(request: EndpointRequest, dependencies: KvEndpointDependencies): Promise<Reply> {
  const { name: key, caller, body, query } = request;
  requireKey(key);
  requireAccess(caller, 'consul-kv:write', key);
  refuseConflict(query, ['cas', 'acquire', 'release']);
  requireValueSize(body.byteLength);
  const { writer } = dependencies;
  const input: KvInput = { value: body, flags: readFlags(query.get('flags')) };
  const index = wholeNumber(request, 'cas', 'Invalid cas index');
  if (index !== undefined)
    return { value: await writer.change(key, (current) => casKey(key, current, { ...input, index })) };
  const acquire = query.get('acquire');
  if (acquire !== null) return { value: await takeLock(key, { ...input, session: acquire }, dependencies) };
  const session = query.get('release');
  if (session !== null)
    return { value: await writer.change(key, (current) => unlockKey(key, current, { ...input, session })) };
  return { value: await writer.change(key, (current) => setKey(current, input)) };
}

async function takeLock(
  key: string,
  input: KvInput & { readonly session: string },
  { follower, sessions, delays, writer }: KvEndpointDependencies,
): Promise<boolean> {
  await follower.caughtUp();
  const session = requireSession(sessions, input.session);
  if (delays.isDelayed(key)) return false;
  try {
    const lock = { conditions: [sessions.condition(session)], terms: session };
    return await writer.change(key, (current) => lockKey(key, current, input), lock);
  } catch (error) {
    if (error instanceof ConditionFailed) throw invalidSession(input.session);
    throw error;
  }
}

async function deleteKv(request: EndpointRequest, { writer }: KvEndpointDependencies): Promise<Reply> {
  const { name: key, caller, query } = request;
  refuseConflict(query, ['recurse', 'cas']);
  requireAccess(caller, 'consul-kv:write', key);
  if (hasFlag(request, 'recurse')) {
    await writer.deleteTree(key);
    return { value: true };
  }
  requireKey(key);
  const index = wholeNumber(request, 'cas', 'Invalid cas index');
  return {
    value: await writer.change(key, (current) =>
      index === undefined ? deleteKey(current) : deleteCasKey(key, current, index),
    ),
  };
}

/** @throws ConsulError 500 in the words that Consul's clients look for. */
export function requireSession(sessions: Sessions, id: string): Session {
  const session = sessions.get(id);
  if (session === undefined) throw invalidSession(id);
  return session;
}

function invalidSession(id: string): ConsulError {
  return new ConsulError(500, `invalid session "${id}"`);
}

/** @throws ConsulError 400 for what is no key. */
export function requireKey(key: string): void {
  if (key === '') throw badRequest('Missing key name');
  if (Buffer.byteLength(key) <= KV_KEY_SIZE_BYTES_MAX) return;
  throw badRequest(`a key has at most ${KV_KEY_SIZE_BYTES_MAX} bytes, not ${Buffer.byteLength(key)}: shorten it`);
}

/** @throws ConsulError 413. */
export function requireValueSize(sizeBytes: number): void {
  if (sizeBytes <= KV_VALUE_SIZE_BYTES_MAX) return;
  throw new ConsulError(413, `Request body(${sizeBytes} bytes) too large, max size: ${KV_VALUE_SIZE_BYTES_MAX} bytes.`);
}

/** 64 bits. @throws ConsulError 400. */
export function readFlags(text: string | null): bigint {
  if (text === null || text === '') return 0n;
  if (!/^\d{1,20}$/.test(text) || BigInt(text) > FLAGS_MAX)
    throw badRequest('Invalid flags: a whole number of 64 bits');
  return BigInt(text);
}

function refuseConflict(query: URLSearchParams, names: readonly string[]): void {
  if (names.filter((name) => query.has(name)).length > 1) throw badRequest(`Conflicting flags: ${query.toString()}`);
}
