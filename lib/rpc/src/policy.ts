/** Who may call what: asked for each call, once the method is known and before its input is looked at. */
import { describeError, type Log, OperatingError } from '@plumb/base';
import { type Call, type Caller, holdsScope } from './contract.ts';
import { isPromise } from './is-promise.ts';

export type PolicyRequest = {
  readonly caller: Caller;
  /** `SERVICE.METHOD`. */
  readonly method: string;
  /** What the contract asks for, if it asks for something. */
  readonly scope: string | undefined;
};

/**
 * `true` lets the call in; anything else refuses it with `denied`, a text being the reason that the caller is told. It
 * decides alone: one that wants scopes to count asks `scopePolicy` too. Where it answers at once, so does the call.
 */
export type Policy = (request: PolicyRequest) => true | string | Promise<true | string>;

/** The policy where none is given: a caller holds the scope that the method asks for. */
export function scopePolicy({ caller, scope }: PolicyRequest): true | string {
  return scope === undefined || holdsScope(caller.scopes, scope) ? true : `it needs the scope ${scope}`;
}

/**
 * Resolves, or returns at once where the policy does, when the call may run.
 * @throws OperatingError `denied`; `internal` where the policy throws, which is logged.
 */
export function authorise(
  request: PolicyRequest,
  { policy, call, log }: { readonly policy: Policy; readonly call: Call; readonly log: Log },
): undefined | Promise<void> {
  let verdict: ReturnType<Policy>;
  try {
    verdict = policy(request);
  } catch (error) {
    throw policyFailed(request, error, log);
  }
  if (verdict === true) return undefined;
  if (!isPromise(verdict)) throw denied(request, verdict);
  return settle(request, verdict, { call, log });
}

/** Whether the policy would let the caller in now. One that throws would not. */
export async function isAllowed(request: PolicyRequest, policy: Policy): Promise<boolean> {
  try {
    return (await policy(request)) === true;
  } catch {
    return false;
  }
}

async function settle(
  request: PolicyRequest,
  pending: Promise<true | string>,
  { call, log }: { readonly call: Call; readonly log: Log },
): Promise<void> {
  let verdict: true | string;
  try {
    verdict = await pending;
  } catch (error) {
    throw policyFailed(request, error, log);
  }
  // What the caller no longer waits for is not begun.
  call.signal.throwIfAborted();
  if (verdict !== true) throw denied(request, verdict);
}

function denied({ caller, method, scope }: PolicyRequest, reason: unknown): OperatingError {
  const why = typeof reason === 'string' && reason !== '' ? reason : 'the policy of the service says no';
  return new OperatingError('denied', `${caller.id} may not call ${method}: ${why}`, {
    details: scope === undefined ? { method } : { method, scope },
  });
}

function policyFailed({ caller, method }: PolicyRequest, error: unknown, log: Log): OperatingError {
  log.error('rpc.policy-failed', { method, caller: caller.id, error: describeError(error) });
  return new OperatingError('internal', `${method} was not called: nobody could say whether ${caller.id} may call it`);
}
