/**
 * What each verb of Consul's KV does to one key: pure. A single request and a transaction decide by the same functions.
 */
import { isSameContent, type KvContent, type KvRecord } from './kv-record.ts';

export type KvChange =
  /** It is so already: nothing is written, and the index stays. */
  | { readonly kind: 'keep' }
  | { readonly kind: 'put'; readonly content: KvContent }
  | { readonly kind: 'delete' }
  /** Consul's `false`; `why` is what a transaction says. */
  | { readonly kind: 'refuse'; readonly why: string };

export type KvInput = { readonly value: Uint8Array; readonly flags: bigint };

type Current = KvRecord | undefined;

/** A lock stays as it is: it is advice, and whoever puts without it may. */
export function setKey(current: Current, { value, flags }: KvInput): KvChange {
  const content = { value, flags, lockIndex: current?.lockIndex ?? 0, session: current?.session };
  return current !== undefined && isSameContent(current, content) ? { kind: 'keep' } : { kind: 'put', content };
}

/** `index` 0: only if the key is not there. */
export function casKey(
  key: string,
  current: Current,
  { index, ...input }: KvInput & { readonly index: number },
): KvChange {
  if ((current?.modifyIndex ?? 0) !== index) {
    return { kind: 'refuse', why: `failed to set key "${key}", index is stale` };
  }
  return setKey(current, input);
}

/** The lock index grows when the lock changes hands, not when its holder puts again. */
export function lockKey(
  key: string,
  current: Current,
  { session, ...input }: KvInput & { readonly session: string },
): KvChange {
  if (current?.session !== undefined && current.session !== session) {
    return { kind: 'refuse', why: `failed to lock key "${key}", lock is already held` };
  }
  const lockIndex = (current?.lockIndex ?? 0) + (current?.session === session ? 0 : 1);
  const content = { ...input, lockIndex, session };
  return current !== undefined && isSameContent(current, content) ? { kind: 'keep' } : { kind: 'put', content };
}

export function unlockKey(
  key: string,
  current: Current,
  { session, ...input }: KvInput & { readonly session: string },
): KvChange {
  if (current === undefined || current.session !== session) {
    const why = `failed to unlock key "${key}", lock isn't held, or is held by another session`;
    return { kind: 'refuse', why };
  }
  return { kind: 'put', content: { ...input, lockIndex: current.lockIndex, session: undefined } };
}

export function deleteKey(current: Current): KvChange {
  return current === undefined ? { kind: 'keep' } : { kind: 'delete' };
}

/** What is not there is deleted already. */
export function deleteCasKey(key: string, current: Current, index: number): KvChange {
  if (current === undefined || current.modifyIndex === index) return deleteKey(current);
  return { kind: 'refuse', why: `failed to delete key "${key}", index is stale` };
}
