import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallContext } from './call-context.ts';
import type { Call } from './contract.ts';

/** Follows a call through whatever its handler awaits, timers and events included. */
export function createCallContext(): CallContext {
  const storage = new AsyncLocalStorage<Call | undefined>();
  return { current: () => storage.getStore(), run: (call, work) => storage.run(call, work) };
}

/**
 * The context of this program: give it to its dispatchers and its connections, and what handlers call belongs to the call
 * that they handle.
 */
export const callContext: CallContext = createCallContext();
