/** What one evaluation may use, and how it lets other work, and its own cancellation, come in between. */
import { OperatingError } from '@plumb/base';

export type EvaluationLimits = {
  /** Samples read and values computed; as Prometheus' `--query.max-samples`, one for each. */
  readonly sampleCountMax: number;
  /** Series of one selector. */
  readonly seriesCountMax: number;
  /** Steps of a range query, and of a subquery within one. */
  readonly stepCountMax: number;
};

/** Prometheus' own for samples and steps. A selector of 100,000 series is a mistake more often than a question. */
export const DEFAULT_LIMITS: EvaluationLimits = {
  sampleCountMax: 50_000_000,
  seriesCountMax: 100_000,
  stepCountMax: 11_000,
};

/** Values between two turns for other work: some milliseconds of evaluation. */
const BREATH_SAMPLES = 500_000;

export class Budget {
  readonly limits: EvaluationLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #breathe: (() => Promise<void>) | undefined;
  #usedCount = 0;
  #sinceBreath = 0;

  constructor(options: {
    readonly limits?: Partial<EvaluationLimits> | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly breathe?: (() => Promise<void>) | undefined;
  }) {
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#signal = options.signal;
    this.#breathe = options.breathe;
  }

  get sampleCountLeft(): number {
    return this.limits.sampleCountMax - this.#usedCount;
  }

  /** Counts `count` values. @throws OperatingError `exhausted` beyond the limit, `deadline` when the signal has aborted. */
  take(count: number): void {
    this.#usedCount += count;
    this.#sinceBreath += count;
    if (this.#usedCount > this.limits.sampleCountMax) {
      const advice = 'ask for a shorter time, a longer step or fewer series';
      throw new OperatingError(
        'exhausted',
        `the query needs more than ${this.limits.sampleCountMax} samples: ${advice}`,
      );
    }
    this.#checkSignal();
  }

  /** `take` and `pause`. */
  async spend(count: number): Promise<void> {
    this.take(count);
    await this.pause(0);
  }

  /** Whether `pause` would let other work in, after `count` more values that nothing counts: to ask it costs no promise. */
  isPauseDue(count: number): boolean {
    this.#sinceBreath += count;
    return this.#sinceBreath >= BREATH_SAMPLES;
  }

  /** Lets other work have its turn when the last one was long ago; `count` values were touched that nothing counts. */
  async pause(count: number): Promise<void> {
    this.#sinceBreath += count;
    if (this.#breathe === undefined || this.#sinceBreath < BREATH_SAMPLES) return;
    this.#sinceBreath = 0;
    await this.#breathe();
    this.#checkSignal();
  }

  #checkSignal(): void {
    if (this.#signal?.aborted !== true) return;
    throw new OperatingError('deadline', 'the query was cancelled, or took longer than its time-out', {
      cause: this.#signal.reason,
    });
  }
}
