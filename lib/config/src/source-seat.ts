import { type Clock, describeError, type Log } from '@plumb/base';
import type { Said } from './config.ts';
import type { ConfigSource } from './config-source.ts';
import { type SecretKeys, SecretShelf } from './secret-shelf.ts';

export type SourceStatus = {
  readonly source: string;
  /** `stale`: what it said last is in use, and it is in trouble. `absent`: it has said nothing. */
  readonly state: 'ok' | 'stale' | 'absent';
  /** Epoch ms. */
  readonly sinceAt: number;
  /** What the trouble is. */
  readonly reason?: string | undefined;
};

/** What is known of one source while it runs. */
export class SourceSeat {
  readonly #source: ConfigSource;
  readonly #shelf: SecretShelf;
  readonly #clock: Clock;
  readonly #log: Log;
  #hasSpoken = false;
  #trouble: string | undefined;
  #sinceAt: number;

  constructor(
    source: ConfigSource,
    { secrets, clock, log }: { readonly secrets: SecretKeys; readonly clock: Clock; readonly log: Log },
  ) {
    this.#source = source;
    this.#shelf = new SecretShelf(secrets);
    this.#clock = clock;
    this.#log = log;
    this.#sinceAt = clock.now();
  }

  get status(): SourceStatus {
    const state = !this.#hasSpoken ? 'absent' : this.#trouble === undefined ? 'ok' : 'stale';
    const reason = this.#trouble === undefined ? {} : { reason: this.#trouble };
    return { source: this.#source.name, state, sinceAt: this.#sinceAt, ...reason };
  }

  place(said: Said): Said {
    if (!this.#hasSpoken) this.#sinceAt = this.#clock.now();
    this.#hasSpoken = true;
    return 'values' in said ? this.#shelf.placeLayer(said) : this.#shelf.placeChange(said);
  }

  warn(error: unknown): void {
    const trouble = describeError(error);
    if (trouble === this.#trouble) return;
    if (this.#trouble === undefined) this.#sinceAt = this.#clock.now();
    this.#trouble = trouble;
    this.#log.warn('config.source-trouble', { source: this.#source.name, reason: trouble });
  }

  settle(): void {
    if (this.#trouble === undefined) return;
    const now = this.#clock.now();
    this.#log.info('config.source-recovered', { source: this.#source.name, afterMs: now - this.#sinceAt });
    this.#trouble = undefined;
    this.#sinceAt = now;
  }
}
