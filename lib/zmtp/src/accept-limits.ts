import { OperatingError } from '@plumb/base';
import type { Connection } from './connection.ts';

/** How many connections others have opened, and which of them are still in their handshake: strangers, all of them. */
export class AcceptLimits {
  readonly #handshakesMax: number;
  /** The oldest first. */
  readonly #handshakes = new Set<Connection>();
  #peerCount = 0;

  constructor({ handshakesMax }: { readonly handshakesMax: number }) {
    this.#handshakesMax = handshakesMax;
  }

  /** Until the socket of the system is closed. */
  get peerCount(): number {
    return this.#peerCount;
  }

  /** One handshake too many ends the oldest, which has had the most time. */
  add(connection: Connection): void {
    this.#peerCount += 1;
    void connection.gone.then(() => (this.#peerCount -= 1));
    const [oldest] = this.#handshakes;
    this.#handshakes.add(connection);
    if (this.#handshakes.size <= this.#handshakesMax) return;
    oldest?.abort(new OperatingError('exhausted', `${this.#handshakesMax} others begin a handshake`));
  }

  /** It is done, or has failed. Safe to repeat, and for connections that were never added. */
  endHandshake(connection: Connection): void {
    this.#handshakes.delete(connection);
  }
}
