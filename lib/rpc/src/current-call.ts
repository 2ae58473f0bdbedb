import { assert } from '@plumb/base';
import type { Call } from './contract.ts';
import { callContext } from './node-call-context.ts';

/**
 * The call that this code runs for: who makes it, the signal that ends it, its trace and its deadline. For the methods of a
 * plain object, which get nothing but their arguments; the handlers of a contract get the same as their second one. It is
 * the same behind every `await`, and in a stream between its items.
 */
export function currentCall(): Call {
  const call = callContext.current();
  assert(call !== undefined, 'currentCall is asked in a method that is served, while it runs');
  return call;
}
