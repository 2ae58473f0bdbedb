/** What really happened in a world with faults, written down outside of all its processes, and what should not have. */
import type { Call } from '../src/index.ts';

/** A piece of code that has begun and must end: a handler, or a generator. */
export type Opened = {
  /** False where its process had been killed. */
  readonly close: () => boolean;
};

type Running = { readonly what: string; readonly where: string; readonly signal: AbortSignal | undefined };

export class FaultLedger {
  readonly faults: string[] = [];
  /** Of everything, how often it happened: so that a run shows what it exercised. */
  readonly counts = new Map<string, number>();
  readonly #running = new Set<Running>();
  readonly #runs = new Map<number, Map<string, number>>();
  readonly #neverRan = new Map<number, string>();
  #lastCall = 0;

  /** A number for a call, which its input carries. */
  nextCall(): number {
    this.#lastCall += 1;
    return this.#lastCall;
  }

  fault(what: string): void {
    this.faults.push(what);
  }

  check(isRight: boolean, what: () => string): void {
    if (!isRight) this.fault(what());
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** The handler of `call` was called in the process `where`. Returns how often that was so. */
  run(call: number, where: string): number {
    const runs = this.#runs.get(call) ?? new Map<string, number>();
    this.#runs.set(call, runs);
    const count = (runs.get(where) ?? 0) + 1;
    runs.set(where, count);
    return count;
  }

  /** How often a call ran in all processes together. */
  runsOf(call: number): number {
    return [...(this.#runs.get(call)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  /** Its caller was told that `call` did not run. */
  checkNeverRan(call: number, what: string): void {
    this.#neverRan.set(call, what);
    this.count('told that it did not run');
  }

  /** Calls that ran although their callers were told otherwise. */
  falselyTold(): string[] {
    return [...this.#neverRan].filter(([call]) => this.#runs.has(call)).map(([, what]) => what);
  }

  /** Forgets which calls ran: those that come have other numbers. */
  forgetRuns(): void {
    this.#runs.clear();
    this.#neverRan.clear();
  }

  open(what: string, where: string, call?: Pick<Call, 'signal'>): Opened {
    const running: Running = { what, where, signal: call?.signal };
    this.#running.add(running);
    return { close: () => this.#running.delete(running) };
  }

  /** A killed process runs nothing. */
  forget(where: string): void {
    for (const running of this.#running) if (running.where === where) this.#running.delete(running);
  }

  /** What has not ended, and whether it was told to. */
  left(): string[] {
    return [...this.#running].map(({ what, where, signal }) => {
      const told = signal === undefined ? '' : signal.aborted ? ', whose signal has aborted' : ', whose signal has not';
      return `${what} in ${where}${told}`;
    });
  }
}
