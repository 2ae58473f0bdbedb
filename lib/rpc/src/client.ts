import { type Clock, systemClock } from '@plumb/base';
import type { Channel } from './channel.ts';
import { type Connection, createConnection } from './connection.ts';
import type { CallOptions, Client, Contract } from './contract.ts';

/**
 * The methods of `contract` as functions that call `service` through `via`. Give one channel to one client only; for
 * several, make a `Connection` of it first.
 *
 * @example
 * const config = createClient(configContract, 'config', connection);
 * const entry = await config.get({ application: 'tipjar', key: 'title' }, { timeoutMs: 1_000 });
 */
export function createClient<C extends Contract>(
  contract: C,
  service: string,
  via: Channel | Connection,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Client<C> {
  const connection = 'call' in via ? via : createConnection(via, { clock });
  const methods = Object.entries(contract).map(([verb, method]) => {
    const name = `${service}.${verb}`;
    const send = method.stream === true ? connection.stream : connection.call;
    const { idempotent } = method;
    return [
      verb,
      idempotent !== undefined && method.stream !== true
        ? (input: unknown, options?: CallOptions) => send(name, input, { idempotent, ...options })
        : (input: unknown, options?: CallOptions) => send(name, input, options),
    ] as const;
  });
  return Object.freeze(Object.fromEntries(methods)) as Client<C>;
}
