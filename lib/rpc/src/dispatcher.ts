import { type Clock, errorToData, type Log, type OperatingError, withAbort } from '@plumb/base';
import { AnswerJournal } from './answer-journal.ts';
import { type CallContext, itemsWithin } from './call-context.ts';
import type { Accept } from './channel.ts';
import type { Caller, CallObserver, CallOptions, Contract, Handlers } from './contract.ts';
import { createIntrospection, type DescribeFilter } from './introspection.ts';
import { invoke, type Outcome, publicError } from './invoke.ts';
import { callCode, type CallCode, type MethodStats } from './method-stats.ts';
import { MethodTable, type ObjectOptions } from './method-table.ts';
import type { Policy } from './policy.ts';
import { type MethodDescription, RPC_SERVICE, rpcContract } from './rpc-contract.ts';
import { openSession } from './session.ts';
import { plainValue } from './shared-value.ts';

export type Dispatcher = {
  /** Offers `handlers` as `service.method`, checked against `contract` on the way in and out. */
  readonly add: <C extends Contract>(service: string, contract: C, handlers: Handlers<C>) => void;
  /**
   * Offers the functions of a plain object without a contract, objects in it as dotted names. Only its own enumerable
   * functions are callable; those that begin with `_` are private. Nothing is checked but `scope`, if it is given.
   */
  readonly addObject: (service: string, object: object, options?: ObjectOptions) => void;
  /** Serves one connection until its channel closes. */
  readonly accept: Accept;
  /**
   * One call from another door, such as HTTP: the value, or an async iterable for a stream. Nothing is copied.
   * @throws OperatingError, and the reason of `signal` when it aborts first.
   */
  readonly call: (
    method: string,
    input: unknown,
    caller: Caller,
    options?: Pick<CallOptions, 'signal' | 'traceparent'>,
  ) => Promise<unknown>;
  /** The names of all methods, sorted. */
  readonly methods: () => readonly string[];
  /** What was counted of each method since the dispatcher was made, sorted by name; last, of the methods that there are not. */
  readonly stats: () => readonly MethodStats[];
  /**
   * Every method, or those of one service, or one alone, sorted by name, as `rpc.describe` tells them to callers.
   * @throws OperatingError `not-found` with the nearest name.
   */
  readonly describe: (filter?: DescribeFilter) => Promise<readonly MethodDescription[]>;
};

export type DispatcherDependencies = {
  readonly log: Log;
  readonly clock: Clock;
  /** Who may call what; by scopes where it is left out. */
  readonly policy?: Policy | undefined;
  readonly observe?: CallObserver | undefined;
  /** What handlers run in, so that the calls that they make belong to theirs: `callContext` of `@plumb/rpc/node`. */
  readonly context?: CallContext | undefined;
  /** Whether callers are offered the service `rpc`, which describes and counts. The default is yes. */
  readonly introspection?: boolean | undefined;
};

/** The server's side of RPC: a table of methods that any number of channels can call. */
export function createDispatcher(dependencies: DispatcherDependencies): Dispatcher {
  const { log, clock, policy, observe, context, introspection: isOffered = true } = dependencies;
  const table = new MethodTable({ policy, observe });
  const journal = new AnswerJournal(clock);
  const introspection = createIntrospection(table);
  if (isOffered) table.add(RPC_SERVICE, rpcContract, introspection.handlers);
  return {
    add: (service, contract, handlers) => table.add(service, contract, handlers),
    addObject: (service, object, options = {}) => table.addObject(service, object, options),
    accept: (channel, caller) => void openSession(channel, caller, { table, log, clock, context, journal }),
    async call(name, input, caller, { signal = new AbortController().signal, traceparent } = {}) {
      const call = { caller, signal, traceparent };
      if (signal.aborted) throw signal.reason;
      const counters = table.counters(name);
      const startedAt = clock.monotonicMs();
      counters.start();
      try {
        const outcome = await withAbort(Promise.try(invoke, table, { name, input, log, context }, call), signal);
        if (outcome.kind === 'value') {
          counters.finish('ok', clock.monotonicMs() - startedAt);
          return plainValue(outcome.value);
        }
        return checkedItems(
          { ...outcome, items: itemsWithin(outcome.items, context, call) },
          {
            wrap: (error) => publicError(error, { name, call, log }),
            finish: (code) => counters.finish(code),
          },
        );
      } catch (error) {
        const durationMs = clock.monotonicMs() - startedAt;
        counters.finish(callCode(errorToData(error).code, { signal, durationMs }), durationMs);
        throw error;
      }
    },
    methods: () => table.names(),
    stats: () => table.stats(),
    describe: async (filter = {}) => introspection.describe(filter),
  };
}

async function* checkedItems(
  { items, check }: Extract<Outcome, { kind: 'stream' }>,
  { wrap, finish }: { readonly wrap: (error: unknown) => OperatingError; readonly finish: (code: CallCode) => void },
): AsyncGenerator<unknown> {
  // Until it has come to its end, or to an error, its reader may leave it.
  let code: CallCode = 'cancelled';
  try {
    for await (const item of items) yield plainValue(check(item));
    code = 'ok';
  } catch (error) {
    const known = wrap(error);
    code = known.code;
    throw known;
  } finally {
    finish(code);
  }
}
