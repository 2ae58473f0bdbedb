import { type Clock, type Log, type OperatingError, withAbort } from '@plumb/base';
import type { Accept } from './channel.ts';
import type { Caller, Contract, Handlers } from './contract.ts';
import { invoke, type Outcome, publicError } from './invoke.ts';
import { MethodTable } from './method-table.ts';
import { serveChannel } from './serve-channel.ts';

export type Dispatcher = {
  /** Offers `handlers` as `service.method`, checked against `contract` on the way in and out. */
  readonly add: <C extends Contract>(service: string, contract: C, handlers: Handlers<C>) => void;
  /**
   * Offers the functions of a plain object without a contract, objects in it as dotted names. Only its own enumerable
   * functions are callable; those that begin with `_` are private. Nothing is checked but `scope`, if it is given.
   */
  readonly addObject: (service: string, object: object, options?: { readonly scope?: string }) => void;
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
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<unknown>;
  /** The names of all methods, sorted. */
  readonly methods: () => readonly string[];
};

export type DispatcherDependencies = { readonly log: Log; readonly clock: Clock };

/** The server's side of RPC: a table of methods that any number of channels can call. */
export function createDispatcher({ log, clock }: DispatcherDependencies): Dispatcher {
  const table = new MethodTable();
  return {
    add: (service, contract, handlers) => table.add(service, contract, handlers),
    addObject: (service, object, { scope } = {}) => table.addObject(service, object, scope),
    accept: (channel, caller) => serveChannel(channel, caller, { table, log, clock }),
    async call(name, input, caller, { signal = new AbortController().signal } = {}) {
      const call = { caller, signal };
      if (signal.aborted) throw signal.reason;
      const outcome = await withAbort(invoke(table, { name, input, log }, call), signal);
      if (outcome.kind === 'value') return outcome.value;
      return checkedItems(outcome, (error) => publicError(error, { name, call, log }));
    },
    methods: () => table.names(),
  };
}

async function* checkedItems(
  { items, check }: Extract<Outcome, { kind: 'stream' }>,
  wrap: (error: unknown) => OperatingError,
): AsyncGenerator<unknown> {
  try {
    for await (const item of items) yield check(item);
  } catch (error) {
    throw wrap(error);
  }
}
