/**
 * What a caller of the door may do: `etcd:read` and `etcd:write`, for all keys or, with a path such as
 * `etcd:read:/service/`, for those that begin with it. A range needs a scope for what all its keys begin with.
 */
import { type Caller, holdsScope } from '@plumb/rpc';
import { knownError } from './etcd-error.ts';
import { commonPrefix } from './key-codec.ts';

export type Permission = 'etcd:read' | 'etcd:write';

const NO_END: Uint8Array = new Uint8Array();
/** What a decoder puts in place of bytes that are no text. */
const REPLACEMENT = '\ufffd';

/** Without `rangeEnd`, for `key` alone. @throws EtcdError permission denied. */
export function requireRange(caller: Caller, permission: Permission, key: Uint8Array, rangeEnd = NO_END): void {
  if (!mayRange(caller, permission, key, rangeEnd)) throw knownError('permissionDenied');
}

export function mayRange({ scopes }: Caller, permission: Permission, key: Uint8Array, rangeEnd = NO_END): boolean {
  return holdsScope(scopes, `${permission}:${pathOf(commonPrefix(key, rangeEnd))}`);
}

/** For what is no key's: compaction, which forgets everybody's history. @throws EtcdError permission denied. */
export function requireAll(caller: Caller, permission: Permission): void {
  if (!mayAll(caller, permission)) throw knownError('permissionDenied');
}

export function mayAll({ scopes }: Caller, permission: Permission): boolean {
  return holdsScope(scopes, permission);
}

/** For what is harmless to whoever may do it to some keys. @throws EtcdError permission denied. */
export function requireSome(caller: Caller, permission: Permission): void {
  const isSome = (scope: string): boolean => {
    const [service, verb, path] = scope.split(':', 3);
    return path !== undefined && holdsScope([`${service}:${verb}`], permission);
  };
  if (!mayAll(caller, permission) && !caller.scopes.some(isSome)) throw knownError('permissionDenied');
}

/** As far as the bytes are text: a scope for a shorter path is a wider one. */
function pathOf(prefix: Uint8Array): string {
  const text = Buffer.from(prefix).toString();
  const end = text.indexOf(REPLACEMENT);
  return end < 0 ? text : text.slice(0, end);
}
