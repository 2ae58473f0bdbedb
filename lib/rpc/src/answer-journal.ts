/**
 * Calls with a key, so that one that is sent again is not run again: a duplicate of a running call gets the answer of that
 * one, a duplicate of one that has ended gets the same answer again. The keys of one caller are nobody else's.
 *
 * It remembers what it has room for. A call that it has no room for, or has forgotten, runs again, which is why only
 * idempotent calls have keys. Not remembered: answers above `ANSWER_BYTES_MAX`, errors that a retry may cure, and refusals
 * before the call ran. Answers are kept as they are, not copied: a handler that changes one later changes its duplicates.
 */
import { type Clock, OperatingError, type Timer } from '@plumb/base';
import type { Outcome } from './invoke.ts';
import { roughSizeBytes } from './item-cost.ts';
import { hasNotRun, markNotRun } from './not-run.ts';
import { isRetryable } from './retryable.ts';

/** Calls that it remembers, running or ended: those of a second at full speed, at a few hundred bytes each. */
export const JOURNAL_CALLS_MAX = 65_536;

/** Answers that it remembers, by their rough size. At the bound the oldest are forgotten. */
export const JOURNAL_BYTES_MAX = 64 * 2 ** 20;

/** One answer. A greater one is cheaper to make again than to keep. */
export const ANSWER_BYTES_MAX = 64 * 2 ** 10;

/** Six times the usual deadline of a call: by then nobody sends it again. */
export const ANSWER_AGE_MS_MAX = 60_000;

/** What is counted for an entry beside its answer. */
const ENTRY_BYTES = 200;

export type KeyedCall = { readonly callerId: string; readonly key: string; readonly method: string };

type Answer = {
  readonly method: string;
  readonly outcome: () => Outcome;
  readonly sizeBytes: number;
  readonly endedAtMs: number;
};

export class AnswerJournal {
  readonly #clock: Clock;
  readonly #running = new Map<string, { readonly method: string; readonly outcome: Promise<Outcome> }>();
  /** Oldest first. */
  readonly #answers = new Map<string, Answer>();
  #sizeBytes = 0;
  #sweep: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls and answers that it remembers. */
  get size(): number {
    return this.#running.size + this.#answers.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * The outcome of the call of that key, if it runs or is remembered. Undefined where it is to be run.
   * @throws OperatingError `invalid` where the key is that of a call of another method.
   */
  find(call: KeyedCall): Promise<Outcome> | undefined {
    const id = idOf(call);
    const running = this.#running.get(id);
    if (running !== undefined) {
      checkMethod(call, running.method);
      return running.outcome;
    }
    this.#forgetOld();
    const answer = this.#answers.get(id);
    if (answer === undefined) return undefined;
    checkMethod(call, answer.method);
    return Promise.try(answer.outcome);
  }

  /** Remembers a call that runs, and then its answer. Returns false where there is no room for it. */
  add(call: KeyedCall, outcome: Promise<Outcome>): boolean {
    if (this.#running.size >= JOURNAL_CALLS_MAX) return false;
    const id = idOf(call);
    this.#running.set(id, { method: call.method, outcome });
    this.#forgetOld();
    outcome.then(
      (ended) => this.#onEnd(id, call, ended),
      (error: unknown) => this.#onFailure(id, call, error),
    );
    return true;
  }

  /** Remembers a call that was answered at once. */
  noteAnswer(call: KeyedCall, outcome: Outcome): void {
    this.#onEnd(idOf(call), call, outcome);
  }

  /** Remembers a call that threw at once. */
  noteError(call: KeyedCall, error: unknown): void {
    this.#onFailure(idOf(call), call, error);
  }

  #onEnd(id: string, { method }: KeyedCall, outcome: Outcome): void {
    this.#running.delete(id);
    if (outcome.kind !== 'value') return;
    this.#remember(id, method, {
      outcome: () => outcome,
      sizeBytes: roughSizeBytes(outcome.value, ANSWER_BYTES_MAX + 1),
    });
  }

  #onFailure(id: string, { method }: KeyedCall, error: unknown): void {
    this.#running.delete(id);
    if (!(error instanceof OperatingError) || isRetryable(error) || hasNotRun(error)) return;
    const sizeBytes = error.message.length + roughSizeBytes(error.details, ANSWER_BYTES_MAX + 1);
    const outcome = (): never => {
      throw error;
    };
    this.#remember(id, method, { outcome, sizeBytes });
  }

  #remember(id: string, method: string, { outcome, sizeBytes }: Pick<Answer, 'outcome' | 'sizeBytes'>): void {
    if (sizeBytes > ANSWER_BYTES_MAX) return;
    const endedAtMs = this.#clock.monotonicMs();
    this.#answers.set(id, { method, outcome, sizeBytes: sizeBytes + ENTRY_BYTES, endedAtMs });
    this.#sizeBytes += sizeBytes + ENTRY_BYTES;
    this.#forgetOld();
    if (this.#sweep === undefined) this.#planSweep();
  }

  #planSweep(): void {
    this.#sweep = this.#clock.after(ANSWER_AGE_MS_MAX, () => {
      this.#sweep = undefined;
      this.#forgetOld();
      if (this.#answers.size > 0) this.#planSweep();
    });
  }

  #forgetOld(): void {
    const oldestMs = this.#clock.monotonicMs() - ANSWER_AGE_MS_MAX;
    for (const [id, { endedAtMs, sizeBytes }] of this.#answers) {
      if (endedAtMs > oldestMs && this.size <= JOURNAL_CALLS_MAX && this.#sizeBytes <= JOURNAL_BYTES_MAX) return;
      this.#answers.delete(id);
      this.#sizeBytes -= sizeBytes;
    }
  }
}

function idOf({ callerId, key }: KeyedCall): string {
  return `${callerId.length}:${callerId}${key}`;
}

function checkMethod({ method, key }: KeyedCall, known: string): void {
  if (method === known) return;
  const message = `${method} was not called: the key "${key}" is that of a call of ${known}: make one for each call`;
  throw markNotRun(new OperatingError('invalid', message));
}
