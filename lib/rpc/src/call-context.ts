import type { Call } from './contract.ts';

/**
 * Which call a piece of code runs for. A dispatcher runs its handlers in it, and a connection asks it: a call that is made
 * within a handler belongs to the same trace and has no more time than what is left. `@plumb/rpc/node` has one.
 */
export type CallContext = {
  /** The call that is being handled, also behind an `await`; undefined outside of handlers. */
  readonly current: () => Call | undefined;
  readonly run: <T>(call: Call, work: () => T) => T;
};
