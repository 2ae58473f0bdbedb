import {
  type Backoff,
  backoffDelayMs,
  type Clock,
  describeError,
  type Log,
  OperatingError,
  type Random,
  sleep,
  withAbort,
} from '@plumb/base';
import type { Channel } from './channel.ts';
import { ClientSession } from './client-session.ts';
import { type Connection, connectionOver } from './connection.ts';
import { CALLS_IN_FLIGHT_MAX } from './limits.ts';
import { isRetryable } from './retryable.ts';

/** Soon enough that a restart of the server is hardly noticed, seldom enough that a thousand clients do not hold it down. */
const RECONNECT_BACKOFF: Backoff = { delayMsMin: 100, delayMsMax: 5_000 };

/** A connection that lasted this long was a good one: the next loss is a new trouble, not the old one again. */
const STABLE_AFTER_MS = 10_000;

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
  #waitingCount = 0;
  #failureCount = 0;
  #notBeforeMs = -Infinity;
  #trouble: string | undefined = 'it is not open yet';

  constructor(options: OpenConnectionOptions) {
    this.#options = options;
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
    const { open, clock, log } = this.#options;
    const { signal } = this.#closed;
    for (;;) {
      const delayMs = this.#notBeforeMs - clock.monotonicMs();
      if (delayMs > 0) await sleep(clock, delayMs, signal);
      signal.throwIfAborted();
      try {
        return this.#adopt(await open(signal));
      } catch (error) {
        signal.throwIfAborted();
        this.#failureCount += 1;
        this.#delayNext(describeError(error));
        log.warn('rpc.connect-failed', { failureCount: this.#failureCount, error: this.#trouble });
        if (!isRetryable(error) || this.#waitingCount === 0) throw error;
      }
    }
  }

  #adopt(channel: Channel): ClientSession {
    const { clock, log } = this.#options;
    const session = new ClientSession(channel);
    const openedAtMs = clock.monotonicMs();
    const onLoss = (): void => {
      this.#session = undefined;
      if (this.#closed.signal.aborted) return;
      this.#failureCount = clock.monotonicMs() - openedAtMs >= STABLE_AFTER_MS ? 0 : this.#failureCount + 1;
      this.#delayNext(describeError(channel.closed.reason));
      log.warn('rpc.connection-lost', { error: this.#trouble });
    };
    if (this.#closed.signal.aborted) {
      channel.close();
      return session;
    }
    this.#session = session;
    this.#trouble = undefined;
    if (channel.closed.aborted) onLoss();
    else channel.closed.addEventListener('abort', onLoss);
    log.debug('rpc.connected');
    return session;
  }

  #delayNext(trouble: string): void {
    const { clock, random } = this.#options;
    const attempt = Math.max(0, this.#failureCount - 1);
    this.#trouble = trouble;
    this.#notBeforeMs = clock.monotonicMs() + backoffDelayMs(RECONNECT_BACKOFF, attempt, random);
  }
}
