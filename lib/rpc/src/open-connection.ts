import { type Clock, describeError, type Log, OperatingError, type Random, sleep } from '@plumb/base';
import { runApart } from './call-context.ts';
import type { Channel } from './channel.ts';
import { ClientSession } from './client-session.ts';
import { type Connection, connectionOver } from './connection.ts';
import type { InheritOptions } from './inherit-call.ts';
import { ReopenPace } from './reopen-pace.ts';
import { isRetryable } from './retryable.ts';
import { SessionWaiters } from './session-waiters.ts';

export type OpenConnectionOptions = InheritOptions & {
  /** Opens one channel, or rejects with an `OperatingError`. `signal` aborts when the connection is closed. */
  readonly open: (signal: AbortSignal) => Promise<Channel>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/**
 * A connection that opens at the first call and again, with backoff, at the first call after a loss. Calls that were
 * running at the loss fail with `unavailable`, since they may have run, or are made again if they are idempotent; later
 * ones wait for the channel within their deadline. When opening fails with an error that a retry cannot cure, such as a
 * wrong token, those who wait get it.
 */
export function openConnection(options: OpenConnectionOptions): Connection {
  const source = new ReopeningSource(options);
  return connectionOver(source, options.clock, options);
}

class ReopeningSource {
  readonly #options: OpenConnectionOptions;
  readonly #closed = new AbortController();
  readonly #pace: ReopenPace;
  readonly #waiters = new SessionWaiters();
  #session: ClientSession | undefined;
  #isOpening = false;
  #trouble: string | undefined = 'it is not open yet';

  constructor(options: OpenConnectionOptions) {
    this.#options = options;
    this.#pace = new ReopenPace(options);
  }

  readonly current = (): ClientSession | undefined => this.#session;

  readonly trouble = (): string | undefined => this.#trouble;

  readonly close = (): void => {
    this.#closed.abort(new OperatingError('unavailable', 'the connection was closed by this side'));
    this.#waiters.wake();
    this.#session?.close();
  };

  readonly wait = async (signal: AbortSignal): Promise<ClientSession> => {
    for (;;) {
      this.#closed.signal.throwIfAborted();
      if (this.#session !== undefined) return this.#session;
      const woken = this.#waiters.wait(signal, this.trouble);
      void runApart(this.#options.context, () => this.#openWhileWanted());
      await woken;
    }
  };

  /** Tries until it is open, as long as somebody waits. */
  async #openWhileWanted(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    while (this.#session === undefined && this.#waiters.count > 0) await this.#tryOpen();
    this.#isOpening = false;
  }

  async #tryOpen(): Promise<void> {
    const { open, clock } = this.#options;
    const { signal } = this.#closed;
    const { delayMs } = this.#pace;
    if (delayMs > 0) await sleep(clock, delayMs, signal);
    if (signal.aborted || this.#waiters.count === 0) return;
    try {
      this.#adopt(await open(signal));
    } catch (error) {
      if (signal.aborted) return;
      this.#failed('rpc.connect-failed', error);
      if (!isRetryable(error)) this.#waiters.fail(error);
    }
  }

  #adopt(channel: Channel): void {
    if (this.#closed.signal.aborted) return channel.close();
    const onLoss = (): void => {
      this.#session = undefined;
      if (!this.#closed.signal.aborted) this.#failed('rpc.connection-lost', channel.closed.reason);
    };
    this.#pace.opened();
    if (channel.closed.aborted) return onLoss();
    // Before the session's own listener, which ends the calls: they must not find this session again.
    channel.closed.addEventListener('abort', onLoss);
    this.#session = new ClientSession(channel, this.#options);
    this.#trouble = undefined;
    this.#options.log.debug('rpc.connected');
    this.#waiters.wake();
  }

  #failed(event: string, error: unknown): void {
    this.#pace.failed();
    this.#trouble = describeError(error);
    this.#options.log.warn(event, { failureCount: this.#pace.failureCount, error: this.#trouble });
  }
}
