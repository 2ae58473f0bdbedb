import { type Clock, describeError, type Log, OperatingError, type Random } from '@plumb/base';
import { runApart } from './call-context.ts';
import type { Channel } from './channel.ts';
import type { ClientSession } from './client-session.ts';
import { type Connection, connectionOver } from './connection.ts';
import type { InheritOptions } from './inherit-call.ts';
import type { EndpointState } from './endpoint-link.ts';
import { EndpointPool } from './endpoint-pool.ts';
import type { Endpoint, Resolver } from './resolver.ts';
import { follow } from './resubscribe.ts';
import type { SessionRequest } from './session-source.ts';
import { SessionWaiters } from './session-waiters.ts';

export type BalancedConnection = Connection & {
  /** Every instance that is connected to, or should be, and those whose last calls run after they left the list. */
  readonly state: () => readonly EndpointState[];
};

export type BalancedConnectionOptions = InheritOptions & {
  readonly resolver: Resolver;
  /** The name that `resolver` is asked for. */
  readonly service: string;
  /** Opens one channel, or rejects with an `OperatingError`. `signal` aborts when the instance is not wanted any more. */
  readonly open: (endpoint: Endpoint, signal: AbortSignal) => Promise<Channel>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/**
 * Calls to whichever instance of `service` has the least to do: a connection to each that `resolver` names (a random
 * `ENDPOINTS_MAX` of more), opened at once and again with backoff; for each call the one of two with fewer calls
 * under way. Where the resolver says how far instances are (`distance`), those that are nearest get the calls, unless they
 * are lost, busy, left out, were tried for this call, or have much more to do than farther ones. Who answers five times in a row with a failure (`unavailable`, `deadline`, `exhausted`, `internal`) is
 * left out for a second, then for longer, at most half of all at a time, until one call to it succeeds. Instances
 * that leave the list get no calls, and 30 s for those that run.
 *
 * A call that did not run goes to another instance; one that may have run does so only where it is idempotent. While
 * nobody is connected calls wait within their deadline. The last list stays good while the resolver is in trouble.
 * No call is made twice at a time (hedged) to win against a slow instance.
 */
export function openBalancedConnection(options: BalancedConnectionOptions): BalancedConnection {
  const source = new BalancedSource(options);
  return { ...connectionOver(source, options.clock, options), state: source.state };
}

class BalancedSource {
  readonly #service: string;
  readonly #pool: EndpointPool;
  readonly #closed = new AbortController();
  readonly #waiters = new SessionWaiters();
  #resolverTrouble: string | undefined = 'its instances are not known yet';

  constructor({ resolver, service, log, ...rest }: BalancedConnectionOptions) {
    const own = { ...rest, log: log.with({ service }) };
    this.#service = service;
    this.#pool = new EndpointPool({ ...own, onChange: () => this.#waiters.wake() });
    const resolve = (signal: AbortSignal): AsyncIterable<readonly Endpoint[]> => this.#resolve(resolver, signal);
    const update = (endpoints: readonly Endpoint[]): void => this.#update(endpoints);
    void runApart(own.context, () => follow(resolve, update, { ...own, signal: this.#closed.signal }));
  }

  readonly state = (): readonly EndpointState[] => this.#pool.states();

  readonly current = (request?: SessionRequest): ClientSession | undefined => this.#pool.pick(request);

  readonly wait = async (signal: AbortSignal, request?: SessionRequest): Promise<ClientSession> => {
    for (;;) {
      this.#closed.signal.throwIfAborted();
      const session = this.#pool.pick(request);
      if (session !== undefined) return session;
      const refusal = this.#pool.refusal();
      if (refusal !== undefined) throw refusal;
      await this.#waiters.wait(signal, this.trouble);
    }
  };

  readonly trouble = (): string | undefined => {
    const states = this.#pool.states();
    if (states.some(({ trouble }) => trouble === undefined)) return undefined;
    const [first] = states;
    if (first !== undefined) {
      return `none of ${states.length} instances of ${this.#service} is connected: ${first.id}: ${first.trouble ?? ''}`;
    }
    return `${this.#service} has no instance: ${this.#resolverTrouble ?? 'the list of its instances is empty'}`;
  };

  readonly close = (): void => {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(new OperatingError('unavailable', 'the connection was closed by this side'));
    this.#pool.close();
    this.#waiters.wake();
  };

  async *#resolve(resolver: Resolver, signal: AbortSignal): AsyncGenerator<readonly Endpoint[]> {
    try {
      for await (const endpoints of resolver(this.#service, signal)) {
        this.#resolverTrouble = undefined;
        yield endpoints;
      }
    } catch (error) {
      this.#resolverTrouble = `they cannot be looked up: ${describeError(error)}`;
      throw error;
    }
  }

  /** A resolver may be late to see that nobody follows it any more. */
  #update(endpoints: readonly Endpoint[]): void {
    if (!this.#closed.signal.aborted) this.#pool.update(endpoints);
  }
}
