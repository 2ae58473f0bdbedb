/**
 * The front door for whoever calls: a target becomes an object whose functions run over there. Behind it are
 * `openZeromqChannel`, `openConnection`, `openBalancedConnection` and a client, which programs that call several services
 * use directly.
 */
import { type Clock, type Log, type Random, systemClock, systemRandom } from '@plumb/base';
import { createClient } from './client.ts';
import type { Connection } from './connection.ts';
import type { Client, Contract } from './contract.ts';
import type { InheritOptions } from './inherit-call.ts';
import { callContext } from './node-call-context.ts';
import { createObjectClient, type ObjectClient } from './object-client.ts';
import type { Credentials } from './open-target.ts';
import { openTargets, serviceOf, type Targets } from './open-targets.ts';
import type { Resolver } from './resolver.ts';
import { createStderrLog } from './stderr-log.ts';
import { withSymbols } from './with-symbols.ts';

export type ConnectOptions = Credentials &
  Pick<InheritOptions, 'trace'> & {
    /** Knows where the instances of `registry:NAME` are. */
    readonly resolver?: Resolver | undefined;
    /** How long a call of a plain object's function waits for its answer. The default is `CALL_TIMEOUT_MS`. */
    readonly timeoutMs?: number | undefined;
    /** Gives up the wait for the first connection. */
    readonly signal?: AbortSignal | undefined;
    /** Losses and retries of the connection, and bugs in functions that calls give; the latter go to stderr where it is left out. */
    readonly log?: Log | undefined;
    readonly clock?: Clock | undefined;
    readonly random?: Random | undefined;
  };

/** An object of another program. Its own members are symbols only, so every name is one of the methods over there. */
export type RemoteObject<T> = ObjectClient<T> & AsyncDisposable & Disposable;
export type RemoteContract<C extends Contract> = Client<C> & AsyncDisposable & Disposable;

/**
 * Resolves once a server has answered and knows who calls. A connection that is lost later is opened again by itself. Of
 * several targets, and of `registry:NAME`, each call goes to the instance that has less to do. Dispose it to close it: an
 * open connection, and a call that waits for one, keep the program running.
 * @throws OperatingError `unavailable` where nobody answers or the server does not hold `serverKey`, `denied` for a key or
 * token that it does not know, `invalid` for a bad target or key.
 *
 * @example
 * await using math = await connect<typeof methods>(target, { keys, serverKey });
 * const sum = await math.add(1, 2);
 */
export function connect<C extends Contract>(
  target: Targets,
  options: Omit<ConnectOptions, 'timeoutMs'> & { readonly contract: C },
): Promise<RemoteContract<C>>;
export function connect<T extends object>(target: Targets, options: ConnectOptions): Promise<RemoteObject<T>>;
export async function connect(
  target: Targets,
  options: ConnectOptions & { readonly contract?: Contract | undefined },
): Promise<object> {
  const { contract, timeoutMs, clock = systemClock, random = systemRandom, log = DEFAULT_LOG, ...rest } = options;
  const service = serviceOf(target);
  const connection = await openTargets(target, { ...rest, clock, random, log, context: callContext });
  const closing = closingOf(connection);
  if (contract !== undefined) return Object.freeze({ ...createClient(contract, service, connection), ...closing });
  return withSymbols(
    createObjectClient<object>(service, connection, timeoutMs === undefined ? {} : { timeoutMs }),
    closing,
  );
}

/** What no call says. */
const DEFAULT_LOG = createStderrLog(['error']);

function closingOf({ close }: Connection): Disposable & AsyncDisposable & Readonly<Record<symbol, unknown>> {
  return { [Symbol.dispose]: close, [Symbol.asyncDispose]: async () => close() };
}
