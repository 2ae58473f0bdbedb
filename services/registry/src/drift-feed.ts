import { type Clock, sleep } from '@plumb/base';
import { isDeepStrictEqual } from 'node:util';
import type { Drift } from './evidence-schemas.ts';

/** Between two looks: a deploy changes many things at once, and drift is to be seen within 5 s. */
const LOOK_PERIOD_MS = 500;

export type DriftFeedOptions = {
  readonly clock: Clock;
  /** The drift of this moment. */
  readonly find: () => readonly Drift[];
  /** When it may be another though nothing happened, epoch ms; `Infinity` for never. */
  readonly nextAt: () => number;
};

/** Follows the drift for all who watch it: it is looked for after a change, at most every `LOOK_PERIOD_MS`, and only while somebody watches. */
export class DriftFeed {
  readonly #options: DriftFeedOptions;
  readonly #wakes = new Set<() => void>();
  #version = 0;
  #found: { readonly version: number; readonly untilAt: number; readonly drift: readonly Drift[] } | undefined;

  constructor(options: DriftFeedOptions) {
    this.#options = options;
  }

  /** Something happened that drift is found in. */
  changed(): void {
    this.#version += 1;
    for (const wake of this.#wakes) wake();
  }

  /** What is there, then what is there after each change that makes a difference. */
  async *watch(isWanted: (drift: Drift) => boolean, signal: AbortSignal): AsyncGenerator<{ drift: Drift[] }> {
    let told: Drift[] | undefined;
    while (!signal.aborted) {
      const version = this.#version;
      const drift = this.#look().filter(isWanted);
      if (told === undefined || !isDeepStrictEqual(drift, told)) {
        told = drift;
        yield { drift };
      }
      await this.#wait(version, signal);
      await sleep(this.#options.clock, LOOK_PERIOD_MS, signal);
    }
  }

  #look(): readonly Drift[] {
    const { clock, find, nextAt } = this.#options;
    const found = this.#found;
    if (found !== undefined && found.version === this.#version && clock.now() < found.untilAt) return found.drift;
    const drift = find();
    this.#found = { version: this.#version, untilAt: nextAt(), drift };
    return drift;
  }

  /** Resolves when something happens after `version`, when its time has come, or when `signal` aborts. */
  async #wait(version: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    if (this.#version !== version || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    const delayMs = (this.#found?.untilAt ?? Infinity) - clock.now();
    using _timer = Number.isFinite(delayMs) ? clock.after(Math.max(0, delayMs), wake) : undefined;
    this.#wakes.add(wake);
    signal.addEventListener('abort', wake);
    try {
      await promise;
    } finally {
      this.#wakes.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }
}
