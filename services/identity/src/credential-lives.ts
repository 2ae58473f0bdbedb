/**
 * Until when a secret that was right stays right: a signal for each, which aborts when it is revoked or its time is over.
 * Only those that somebody asked for are held, so there are no more than secrets.
 */
import { type Clock, OperatingError, type Timer } from '@plumb/base';

/** The longest delay of a JavaScript timer, 24.8 days. A connection that lasts longer is opened anew, once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

type Life = { readonly controller: AbortController; readonly timer: Timer | undefined };

export class CredentialLives {
  readonly #lives = new Map<string, Life>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Aborts with `end`, and at `expiresAt` (epoch ms) where there is one. */
  signalOf(id: string, expiresAt: number | undefined): AbortSignal {
    const known = this.#lives.get(id);
    if (known !== undefined) return known.controller.signal;
    const controller = new AbortController();
    const delayMs = expiresAt === undefined ? undefined : Math.min(expiresAt - this.#clock.now(), TIMER_MS_MAX);
    const timer = delayMs === undefined ? undefined : this.#clock.after(delayMs, () => this.end(id));
    this.#lives.set(id, { controller, timer });
    return controller.signal;
  }

  end(id: string): void {
    const life = this.#lives.get(id);
    this.#lives.delete(id);
    life?.timer?.cancel();
    life?.controller.abort(new OperatingError('denied', 'the token or session has ended: get another'));
  }
}
