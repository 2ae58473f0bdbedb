/** Reads of keys: what is asked of the store, and what is made of its answer. */
import { OperatingError } from '@plumb/base';
import type { Entry, RangeResult, RangeSelection } from '@plumb/kv';
import { requireRange } from './access.ts';
import { knownError } from './etcd-error.ts';
import { type EtcdCall, type EtcdCore, toKeyValue } from './etcd-core.ts';
import { toStoreRange } from './key-codec.ts';
import type { Received, Sent } from './message-type.ts';
import type { rangeRequest, rangeResponse } from './messages.ts';

export type RangeRequest = Received<typeof rangeRequest>;

/** @throws EtcdError for a request that is none, or that `caller` may not make. */
export function checkRange({ key, range_end }: RangeRequest, { caller }: EtcdCall): void {
  if (key.byteLength === 0) throw knownError('emptyKey');
  requireRange(caller, 'etcd:read', key, range_end);
}

export async function range(
  core: EtcdCore,
  request: RangeRequest,
  call: EtcdCall,
): Promise<Sent<typeof rangeResponse>> {
  checkRange(request, call);
  const { revision, result } = await readRange(core, request);
  return { header: core.header(revision), ...rangeAnswer(request, result) };
}

/** Of the state that is asked for, with the store's revision when it was read. @throws EtcdError */
export async function readRange(
  { kv }: EtcdCore,
  request: RangeRequest,
): Promise<{ readonly revision: number; readonly result: RangeResult }> {
  const selection = selectionOf(request);
  if (request.revision <= 0) {
    const result = await kv.range(selection);
    return { revision: result.revision, result };
  }
  const revision = kv.revision();
  if (request.revision > revision) throw knownError('futureRevision');
  try {
    return { revision, result: await kv.range({ ...selection, revision: request.revision }) };
  } catch (error) {
    if (error instanceof OperatingError && error.code === 'not-found') throw knownError('compacted');
    throw error;
  }
}

/** What the store is asked, but for the revision. */
export function selectionOf(request: RangeRequest): RangeSelection {
  const { key, range_end, limit, sort_order, sort_target, keys_only, count_only } = request;
  return {
    ...toStoreRange(key, range_end),
    // What is left out by revision is left out before the limit counts.
    limit: limit <= 0 || hasFilter(request) ? undefined : limit,
    order: sort_order === 'DESCEND' ? 'descending' : 'ascending',
    sortBy: SORT_BY[sort_target],
    keysOnly: keys_only,
    countOnly: count_only,
  };
}

const SORT_BY = {
  KEY: 'key',
  VERSION: 'version',
  CREATE: 'create',
  MOD: 'mod',
  VALUE: 'value',
} as const satisfies Readonly<Record<RangeRequest['sort_target'], RangeSelection['sortBy']>>;

/** All but the header. The count is of the whole range, as etcd has it. */
export function rangeAnswer(
  request: RangeRequest,
  { entries, count, more }: Omit<RangeResult, 'revision'>,
): Sent<typeof rangeResponse> {
  if (!hasFilter(request)) return { kvs: entries.map(toKeyValue), count, more };
  const kept = entries.filter((entry) => passes(request, entry));
  const { limit } = request;
  const isCut = limit > 0 && kept.length > limit;
  return { kvs: (isCut ? kept.slice(0, limit) : kept).map(toKeyValue), count, more: isCut };
}

function hasFilter(request: RangeRequest): boolean {
  const { min_mod_revision, max_mod_revision, min_create_revision, max_create_revision } = request;
  return [min_mod_revision, max_mod_revision, min_create_revision, max_create_revision].some((bound) => bound !== 0);
}

function passes(request: RangeRequest, { modRevision, createRevision }: Entry): boolean {
  return (
    isWithin(modRevision, request.min_mod_revision, request.max_mod_revision) &&
    isWithin(createRevision, request.min_create_revision, request.max_create_revision)
  );
}

/** A bound of 0 is none. */
function isWithin(revision: number, min: number, max: number): boolean {
  return (min === 0 || revision >= min) && (max === 0 || revision <= max);
}
