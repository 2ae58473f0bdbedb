import { type Clock, type Log, silentLog, systemClock } from '@plumb/base';
import type { CallContext } from './call-context.ts';
import { createChannelPair } from './channel-pair.ts';
import { createClient } from './client.ts';
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
import type { Caller, Client, Contract, Handlers } from './contract.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';

export type InProcessOptions = {
  /** The service's name, which errors and logs mention. */
  readonly service?: string;
  readonly log?: Log;
  readonly clock?: Clock;
  readonly context?: CallContext | undefined;
};

/**
 * Handlers called in this process as if over a socket: same parsing, scopes, deadlines, cancellation and flow control,
 * and every value is copied. Disposing it is the loss of the connection.
 */
export function connectInProcess<C extends Contract>(
  contract: C,
  handlers: Handlers<C>,
  caller: Caller,
  { service = 'service', log = silentLog, clock = systemClock, context }: InProcessOptions = {},
): Client<C> & Disposable {
  const dispatcher = createDispatcher({ log, clock, context });
  dispatcher.add(service, contract, handlers);
  const connection = connectDispatcher(dispatcher, caller, { clock, log, context });
  return { ...createClient(contract, service, connection), [Symbol.dispose]: connection.close };
}

/** A connection to everything that `dispatcher` offers, within the process. */
export function connectDispatcher(
  dispatcher: Pick<Dispatcher, 'accept'>,
  caller: Caller,
  options: ConnectionOptions = {},
): Connection {
  const [near, far] = createChannelPair();
  dispatcher.accept(far, caller);
  return createConnection(near, options);
}
