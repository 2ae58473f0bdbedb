/**
 * Keeps a connection to one address up: connects, and connects again after a wait that doubles and is partly random. A
 * program does not end during the wait, as it does not while it is connected.
 */
import net from 'node:net';
import {
  type Backoff,
  backoffDelayMs,
  type Clock,
  holdProcess,
  type OperatingError,
  type Random,
  type Timer,
} from '@plumb/base';
import { type Address, netOptions } from './address.ts';
import type { Connection } from './connection.ts';

export type ConnectorOptions = {
  readonly address: Address;
  readonly reconnect: Backoff | false;
  readonly clock: Clock;
  readonly random: Random;
  /** Wraps a socket that is connecting. */
  readonly openConnection: (socket: net.Socket) => Connection;
};

export class Connector {
  readonly #options: ConnectorOptions;
  #attempt = 0;
  #timer: Timer | undefined;
  #hold: Disposable | undefined;
  #isStopped = false;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  connect(): void {
    if (this.#isStopped) return;
    const socket = net.connect({ ...netOptions(this.#options.address), noDelay: true });
    const connection = this.#options.openConnection(socket);
    socket.once('connect', () => connection.begin());
  }

  /** The handshake is done: the next loss starts with the shortest wait. */
  succeed(): void {
    this.#attempt = 0;
  }

  /** Its connection is closed. Returns in how many ms the next one is tried; undefined for never. */
  retry(reason: OperatingError): number | undefined {
    const { reconnect, clock, random } = this.#options;
    if (this.#isStopped || reconnect === false) return undefined;
    // Who was refused once is refused again, until somebody changes something.
    const delayMs = reason.code === 'denied' ? reconnect.delayMsMax : backoffDelayMs(reconnect, this.#attempt, random);
    this.#attempt += 1;
    this.#hold = holdProcess();
    this.#timer = clock.after(delayMs, () => {
      this.#release();
      this.connect();
    });
    return delayMs;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#release();
  }

  #release(): void {
    this.#hold?.[Symbol.dispose]();
    this.#hold = undefined;
  }
}
