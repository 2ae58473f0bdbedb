/**
 * The front door for whoever calls: a target becomes an object whose functions run over there. Behind it are
 * `openZeromqChannel`, `openConnection` and a client, which programs that call several services use directly.
 */
import { type Clock, type Log, type Random, silentLog, systemClock, systemRandom } from '@plumb/base';
import type { Channel } from './channel.ts';
import { createClient } from './client.ts';
import type { Connection } from './connection.ts';
import type { Client, Contract } from './contract.ts';
import { connect as connectObject, type ObjectClient } from './object-client.ts';
import { openConnection } from './open-connection.ts';
import { type Credentials, openTarget } from './open-target.ts';
import { parseServiceTarget } from './target.ts';

export type ConnectOptions = Credentials & {
  /** How long a call of a plain object's function waits for its answer. The default is `CALL_TIMEOUT_MS`. */
  readonly timeoutMs?: number | undefined;
  /** Gives up the wait for the first connection. */
  readonly signal?: AbortSignal | undefined;
  /** Losses and retries of the connection. Silent where it is left out: the calls say it too. */
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
};

/** An object of another program. Its own members are symbols only, so every name is one of the methods over there. */
export type RemoteObject<T> = ObjectClient<T> & AsyncDisposable & Disposable;
export type RemoteContract<C extends Contract> = Client<C> & AsyncDisposable & Disposable;

/**
 * Resolves once the server has answered and knows who calls. A connection that is lost later is opened again by the next
 * call. Dispose it to close it; the process can end without that.
 * @throws OperatingError `unavailable` where nobody answers or the server does not hold `serverKey`, `denied` for a key or
 * token that it does not know, `invalid` for a bad target or key.
 *
 * @example
 * await using math = await connect<typeof methods>(target, { keys, serverKey });
 * const sum = await math.add(1, 2);
 */
export function connect<C extends Contract>(
  target: string,
  options: Omit<ConnectOptions, 'timeoutMs'> & { readonly contract: C },
): Promise<RemoteContract<C>>;
export function connect<T extends object>(target: string, options: ConnectOptions): Promise<RemoteObject<T>>;
export async function connect(
  target: string,
  options: ConnectOptions & { readonly contract?: Contract | undefined },
): Promise<object> {
  const { service } = parseServiceTarget(target);
  const connection = await openNow(target, options);
  const { contract, timeoutMs } = options;
  if (contract !== undefined)
    return Object.freeze({ ...createClient(contract, service, connection), ...closing(connection) });
  const methods = connectObject<object>(service, connection, timeoutMs === undefined ? {} : { timeoutMs });
  return withSymbols(methods, closing(connection));
}

/** A connection whose first channel is open. */
async function openNow(target: string, options: ConnectOptions): Promise<Connection> {
  const { clock = systemClock, random = systemRandom, log = silentLog } = options;
  const open = (signal: AbortSignal): Promise<Channel> => openTarget(target, options, { clock, signal });
  let first: Channel | undefined = await openTarget(target, options, { clock, signal: options.signal });
  const connection = openConnection({
    open: async (signal) => {
      const channel = first;
      first = undefined;
      return channel === undefined || channel.closed.aborted ? open(signal) : channel;
    },
    clock,
    random,
    log,
  });
  const close = (): void => {
    first?.close();
    connection.close();
  };
  return { ...connection, close, [Symbol.dispose]: close };
}

function closing({ close }: Connection): Disposable & AsyncDisposable {
  return { [Symbol.dispose]: close, [Symbol.asyncDispose]: async () => close() };
}

/** `target` with `symbols`: whatever is asked for by name goes to the proxy below, so that no method is hidden. */
function withSymbols(target: object, symbols: object): object {
  return new Proxy(target, { get: (methods, key) => Reflect.get(typeof key === 'symbol' ? symbols : methods, key) });
}
