/**
 * Runs the sources of a configuration: opens them side by side, gathers what they say, and keeps how each of them is.
 *
 * Whatever sources say in one turn of the event loop takes effect as one change set, and nothing does before all of them
 * have said what they know at the start.
 */
import { type Clock, type Log, OperatingError, type Random, withAbort } from '@plumb/base';
import type { LayeredConfig, Said } from './config.ts';
import type { ConfigSource, SourceContext } from './config-source.ts';
import type { SecretKeys } from './secret-shelf.ts';
import { SourceSeat, type SourceStatus } from './source-seat.ts';

/** Longer than any source of ours tries; the application starts without one that hangs. */
const SOURCE_OPEN_TIMEOUT_MS = 15_000;

export type RunSourcesOptions = {
  /** Lowest first: the order of `apply`. */
  readonly sources: readonly ConfigSource[];
  readonly apply: LayeredConfig['apply'];
  /** Told after something was taken up, or refused. */
  readonly onApplied: () => void;
  readonly secrets: SecretKeys;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Sources that run until it is disposed. */
export class SourceRunner implements Disposable {
  readonly #options: RunSourcesOptions;
  readonly #seats: readonly SourceSeat[];
  readonly #stop = new AbortController();
  #said = new Map<number, Said>();
  #isGathering = true;
  #isFlushPlanned = false;
  #faults: readonly string[] = [];
  /** Sources that say something which is not in force, because all values together would not fit; to be tried again. */
  readonly #refused = new Map<number, Said>();

  constructor(options: RunSourcesOptions) {
    this.#options = options;
    this.#seats = options.sources.map((source) => new SourceSeat(source, options));
  }

  /** Of each source, lowest first. */
  get status(): readonly SourceStatus[] {
    return this.#seats.map((seat) => seat.status);
  }

  /** What is wrong with what the sources say at present; with any fault the values before it are in force. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /** Resolves when every source has said what it knows, or that it knows nothing. @throws as a source, or `invalid`. */
  async open(): Promise<void> {
    const { sources, clock } = this.#options;
    const late = new AbortController();
    using _timer = clock.after(SOURCE_OPEN_TIMEOUT_MS, () => late.abort());
    await Promise.all(
      sources.map(async (source, index) => {
        const opening = source.open(this.#contextOf(index));
        // What hangs may still fail.
        opening.catch(() => undefined);
        await withAbort(opening, late.signal).catch((error: unknown) => {
          if (!late.signal.aborted) throw error;
          this.#seats[index]?.warn(new OperatingError('deadline', `no answer within ${SOURCE_OPEN_TIMEOUT_MS} ms`));
        });
      }),
    );
    this.#flush();
    this.#isGathering = false;
    if (this.#faults.length > 0) throw unusable(this.#faults);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  #contextOf(index: number): SourceContext {
    const { environment, clock, random, log } = this.#options;
    const seat = this.#seats[index];
    return {
      publish: (layer) => this.#take(index, seat?.place(layer)),
      change: (change) => this.#take(index, seat?.place(change)),
      warn: (error) => seat?.warn(error),
      settle: () => seat?.settle(),
      signal: this.#stop.signal,
      environment,
      clock,
      random,
      log,
    };
  }

  #take(index: number, said: Said | undefined): void {
    if (said === undefined || this.#stop.signal.aborted) return;
    this.#said.set(index, joinSaid(this.#said.get(index), said));
    if (this.#isGathering || this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    queueMicrotask(() => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#stop.signal.aborted) return;
    const said = this.#said;
    this.#said = new Map();
    const faults = this.#applyAll(said);
    const isNew = faults.join('\n') !== this.#faults.join('\n');
    this.#faults = faults;
    if (isNew && faults.length > 0 && !this.#isGathering) this.#options.log.warn('config.refused-values', { faults });
    this.#options.onApplied();
  }

  /** With what was refused before, which may be good together with it; else without. Gives the faults that are left. */
  #applyAll(said: ReadonlyMap<number, Said>): readonly string[] {
    const { apply } = this.#options;
    const before = [...this.#refused].filter(([index]) => !said.has(index));
    if (before.length > 0 && apply(new Map([...said, ...before])).length === 0) {
      this.#refused.clear();
      return [];
    }
    const faults = apply(said);
    for (const [index, { revision }] of said) {
      // What was refused is remembered where it is applied: to say nothing more is to try it again.
      if (faults.length > 0) this.#refused.set(index, { revision, changes: new Map() });
      else this.#refused.delete(index);
    }
    if (faults.length > 0) return faults;
    return before.flatMap(([index, again]) => {
      const left = apply(new Map([[index, again]]));
      if (left.length === 0) this.#refused.delete(index);
      return left;
    });
  }
}

/** What both say together, the first before the second. */
function joinSaid(first: Said | undefined, second: Said): Said {
  if (first === undefined || 'values' in second) return second;
  const revision = second.revision ?? first.revision;
  if ('changes' in first) return { revision, changes: new Map([...first.changes, ...second.changes]) };
  const values = new Map(first.values);
  for (const [path, said] of second.changes) {
    if (said === undefined) values.delete(path);
    else values.set(path, said);
  }
  return { revision, values };
}

function unusable(faults: readonly string[]): OperatingError {
  const lines = faults.length === 1 ? ` ${faults[0]}` : faults.map((fault) => `\n  ${fault}`).join('');
  return new OperatingError('invalid', `the configuration cannot be used:${lines}`, { details: { faults } });
}
