/**
 * What a caller of the door may do. Scopes are Plumb's: `registry:read` and `registry:register` for the catalogue,
 * `consul-kv:read` and `consul-kv:write` for keys, locks and sessions. A scope with a path, such as
 * `consul-kv:read:app/web/` or `registry:register:web`, holds for keys, or names of services, that begin with it.
 */
import { type Caller, holdsScope } from '@plumb/rpc';
import { ConsulError } from './consul-error.ts';

export type Permission = 'registry:read' | 'registry:register' | 'consul-kv:read' | 'consul-kv:write';

export function may({ scopes }: Caller, permission: Permission, name: string): boolean {
  return holdsScope(scopes, `${permission}:${name}`);
}

/** @throws ConsulError 403 when the caller may not do it to `name`; without one, to everything. */
export function requireAccess(caller: Caller, permission: Permission, name?: string): void {
  const needed = name === undefined ? permission : `${permission}:${name}`;
  if (!holdsScope(caller.scopes, needed)) throw denied(caller, permission, name);
}

/** As `requireAccess`, for what is answered with the part that the caller may see. */
export function requireSomeAccess(caller: Caller, permission: Permission): void {
  if (!mayAll(caller, permission) && !caller.scopes.some((scope) => isPartOf(scope, permission)))
    throw denied(caller, permission);
}

export function mayAll({ scopes }: Caller, permission: Permission): boolean {
  return holdsScope(scopes, permission);
}

/** Whether `scope` holds `permission` below some path. */
function isPartOf(scope: string, permission: Permission): boolean {
  const [service, verb, path] = scope.split(':', 3);
  return path !== undefined && holdsScope([`${service}:${verb}`], permission);
}

function denied({ id }: Caller, permission: Permission, name?: string): ConsulError {
  const what = name === undefined ? '' : ` on "${name}"`;
  return new ConsulError(403, `Permission denied: token "${id}" lacks permission '${permission}'${what}`);
}
