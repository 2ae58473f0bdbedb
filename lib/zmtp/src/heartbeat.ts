/** Whether the peer still lives (RFC 37, "Heartbeats"): our PINGs and its silence, its PINGs with their time to live. */
import { type Clock, OperatingError, type Timer } from '@plumb/base';
import { encodePing } from './command.ts';

export type HeartbeatOptions = {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly ttlMs: number;
  readonly sendCommand: (body: Buffer) => void;
  /** The peer cannot be judged while we do not read. */
  readonly isReading: () => boolean;
  readonly onSilence: (reason: OperatingError) => void;
};

/** A peer that answers every PING is silent for little more than one interval. */
const TIMEOUT_INTERVALS_MIN = 2;

export class Heartbeat implements Disposable {
  readonly #options: HeartbeatOptions;
  readonly #beat: Timer | undefined;
  #heardAt: number;
  /** One PING at a time: to a peer that does not read they would only pile up. */
  #isAsked = false;
  #watch: Timer | undefined;
  #expiry: Timer | undefined;

  constructor(options: HeartbeatOptions) {
    const { clock, intervalMs, timeoutMs } = options;
    this.#options = options;
    this.#heardAt = clock.monotonicMs();
    if (intervalMs === 0) return;
    this.#beat = clock.every(intervalMs, () => this.#ask());
    this.#judge(Math.max(timeoutMs, TIMEOUT_INTERVALS_MIN * intervalMs), (timer) => (this.#watch = timer));
  }

  /** Anything at all came from the peer. */
  heard(): void {
    this.#heardAt = this.#options.clock.monotonicMs();
    this.#isAsked = false;
  }

  /** A PING of the peer asks to be given up after `ttlMs` of silence; 0 asks nothing. */
  expireAfter(ttlMs: number): void {
    this.#expiry?.cancel();
    this.#expiry = undefined;
    if (ttlMs > 0) this.#judge(ttlMs, (timer) => (this.#expiry = timer));
  }

  [Symbol.dispose](): void {
    for (const timer of [this.#beat, this.#watch, this.#expiry]) timer?.cancel();
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#options.sendCommand(encodePing(this.#options.ttlMs));
  }

  /** Looks when the silence can first be as long as `lengthMs`, and goes on looking. */
  #judge(lengthMs: number, keep: (timer: Timer) => void): void {
    const { clock, isReading, onSilence } = this.#options;
    const check = (): void => {
      if (!isReading()) this.#heardAt = clock.monotonicMs();
      const silentMs = clock.monotonicMs() - this.#heardAt;
      if (silentMs < lengthMs) keep(clock.after(lengthMs - silentMs, check));
      else onSilence(new OperatingError('unavailable', `the peer was silent for ${Math.round(silentMs)} ms`));
    };
    keep(clock.after(lengthMs, check));
  }
}
