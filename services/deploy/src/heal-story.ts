/** What the journal says of a unit that died by itself: one line when it is ready again, or one when it is given up. */
import { formatDuration } from '@plumb/base';
import { describeExit, type Exit } from '@plumb/supervise';

export class HealStory {
  readonly #unit: string;
  #first: Exit | undefined;
  #deathCount = 0;

  constructor(unit: string) {
    this.#unit = unit;
  }

  died(exit: Exit): void {
    this.#first ??= exit;
    this.#deathCount += 1;
  }

  /** A person did something: what happens next is no healing. */
  forget(): void {
    this.#first = undefined;
    this.#deathCount = 0;
  }

  /** The line for the first readiness after a death; undefined for any other. `at` is epoch ms. */
  ready(at: number): string | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    const restarts = this.#deathCount === 1 ? 'restarted' : `restarted ${this.#deathCount} times`;
    this.forget();
    return `${this.#unit} ${describeExit(first)}; ${restarts}, ready again after ${formatDuration(at - first.at)}`;
  }

  gaveUp(
    crash: { readonly exitCount: number; readonly withinMs: number; readonly exit: Exit },
    words: string | undefined,
  ): string {
    const { exitCount, withinMs, exit } = crash;
    this.forget();
    const times = `${exitCount} times in ${formatDuration(withinMs)}`;
    if (exit.reason !== undefined) return `${this.#unit} could not be started ${times}: ${exit.reason}; it stays down`;
    const last = exit.signal ?? `code ${exit.code}`;
    const said = words === undefined ? '' : ` It said: ${JSON.stringify(words)}`;
    return `${this.#unit} exited ${times} (last: ${last}); it stays down.${said}`;
  }
}
