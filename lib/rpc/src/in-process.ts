import { type Clock, type Log, silentLog, systemClock } from '@plumb/base';
import { createChannelPair } from './channel-pair.ts';
import { createClient } from './client.ts';
import { type Connection, createConnection } from './connection.ts';
import type { Caller, Client, Contract, Handlers } from './contract.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';

export type InProcessOptions = {
  /** The service's name, which errors and logs mention. */
  readonly service?: string;
  readonly log?: Log;
  readonly clock?: Clock;
};

/**
 * Handlers called in this process as if over a socket: same parsing, scopes, deadlines, cancellation and flow control,
 * and every value is copied. Disposing it is the loss of the connection.
 */
export function connectInProcess<C extends Contract>(
  contract: C,
  handlers: Handlers<C>,
  caller: Caller,
  { service = 'service', log = silentLog, clock = systemClock }: InProcessOptions = {},
): Client<C> & Disposable {
  const dispatcher = createDispatcher({ log, clock });
  dispatcher.add(service, contract, handlers);
  const connection = connectDispatcher(dispatcher, caller, { clock });
  return { ...createClient(contract, service, connection), [Symbol.dispose]: connection.close };
}

/** A connection to everything that `dispatcher` offers, within the process. */
export function connectDispatcher(
  dispatcher: Pick<Dispatcher, 'accept'>,
  caller: Caller,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Connection {
  const [near, far] = createChannelPair();
  dispatcher.accept(far, caller);
  return createConnection(near, { clock });
}
