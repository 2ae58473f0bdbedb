import { type Clock, describeError, type Log, OperatingError, type Random, sleep, withAbort } from '@plumb/base';
import type { Channel } from './channel.ts';
import { ClientSession } from './client-session.ts';
import { type Connection, connectionOver } from './connection.ts';
import { CALLS_IN_FLIGHT_MAX } from './limits.ts';
import { ReopenPace } from './reopen-pace.ts';
import { isRetryable } from './retryable.ts';

export type OpenConnectionOptions = {
  /** Opens one channel, or rejects with an `OperatingError`. `signal` aborts when the connection is closed. */
  readonly open: (signal: AbortSignal) => Promise<Channel>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/**
 * A connection that opens at the first call and again, with backoff, at the first call after a loss. Calls that were
 * running at the loss fail with `unavailable`, since they may have run; later ones wait for the channel within their
 * deadline. When opening fails with an error that a retry cannot cure, such as a wrong token, those who wait get it.
 */
export function openConnection(options: OpenConnectionOptions): Connection {
  const source = new ReopeningSource(options);
  return connectionOver(source, options.clock);
}

class ReopeningSource {
  readonly #options: OpenConnectionOptions;
  readonly #closed = new AbortController();
  #session: ClientSession | undefined;
  #opening: Promise<ClientSession> | undefined;
  readonly #pace: ReopenPace;
  #waitingCount = 0;
  #trouble: string | undefined = 'it is not open yet';

  constructor(options: OpenConnectionOptions) {
    this.#options = options;
    this.#pace = new ReopenPace(options);
  }

  readonly current = (): ClientSession | undefined => this.#session;

  readonly trouble = (): string | undefined => this.#trouble;

  readonly close = (): void => {
    this.#closed.abort(new OperatingError('unavailable', 'the connection was closed by this side'));
    this.#session?.close();
  };

  readonly wait = async (signal: AbortSignal): Promise<ClientSession> => {
    if (this.#waitingCount >= CALLS_IN_FLIGHT_MAX) {
      throw new OperatingError('exhausted', `${this.#waitingCount} calls wait for a connection: ${this.#trouble}`);
    }
    this.#waitingCount += 1;
    try {
      this.#opening ??= this.#open().finally(() => {
        this.#opening = undefined;
      });
      return await withAbort(this.#opening, signal);
    } finally {
      this.#waitingCount -= 1;
    }
  };

  /** Tries until it is open, as long as somebody waits. */
  async #open(): Promise<ClientSession> {
    const { open, clock } = this.#options;
    const { signal } = this.#closed;
    for (;;) {
      const { delayMs } = this.#pace;
      if (delayMs > 0) await sleep(clock, delayMs, signal);
      signal.throwIfAborted();
      try {
        return this.#adopt(await open(signal));
      } catch (error) {
        signal.throwIfAborted();
        this.#failed('rpc.connect-failed', error);
        if (!isRetryable(error) || this.#waitingCount === 0) throw error;
      }
    }
  }

  #adopt(channel: Channel): ClientSession {
    if (this.#closed.signal.aborted) channel.close();
    const onLoss = (): void => {
      this.#session = undefined;
      if (!this.#closed.signal.aborted) this.#failed('rpc.connection-lost', channel.closed.reason);
    };
    this.#pace.opened();
    // Before the session's own listener, which ends the calls: they must not find this session again.
    channel.closed.addEventListener('abort', onLoss);
    const session = new ClientSession(channel);
    if (channel.closed.aborted) {
      onLoss();
      return session;
    }
    this.#session = session;
    this.#trouble = undefined;
    this.#options.log.debug('rpc.connected');
    return session;
  }

  #failed(event: string, error: unknown): void {
    this.#pace.failed();
    this.#trouble = describeError(error);
    this.#options.log.warn(event, { failureCount: this.#pace.failureCount, error: this.#trouble });
  }
}
