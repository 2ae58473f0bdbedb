import type { Call } from './contract.ts';

/**
 * Which call a piece of code runs for. A dispatcher runs its handlers in it, and a connection asks it: a call that is made
 * within a handler belongs to the same trace and has no more time than what is left. `@plumb/rpc/node` has one.
 */
export type CallContext = {
  /** The call that is being handled, also behind an `await`; undefined outside of handlers. */
  readonly current: () => Call | undefined;
  /** Undefined: for no call. */
  readonly run: <T>(call: Call | undefined, work: () => T) => T;
};

/** Runs `work` for no call: what a handler begins and others use after its call, such as a connection. */
export function runApart<T>(context: CallContext | undefined, work: () => T): T {
  return context === undefined ? work() : context.run(undefined, work);
}

/** `items` of which each is made within `call`, since a generator runs where it is asked for the next. */
export function itemsWithin<T>(
  items: AsyncIterable<T>,
  context: CallContext | undefined,
  call: Call,
): AsyncIterable<T> {
  if (context === undefined) return items;
  return {
    [Symbol.asyncIterator]() {
      const iterator = context.run(call, () => items[Symbol.asyncIterator]());
      return {
        next: () => context.run(call, () => iterator.next()),
        return: async (value?: unknown) =>
          context.run(call, () => iterator.return?.(value)) ?? { done: true, value: undefined },
      };
    },
  };
}
