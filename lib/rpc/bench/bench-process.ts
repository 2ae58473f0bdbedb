/** Another process of a benchmark, which does what it is ordered by message and ends with this one. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';

/** Where Node keeps it by itself: a dozen processes start three times as fast. */
const NODE_COMPILE_CACHE = path.join(os.tmpdir(), 'node-compile-cache');

export type AnyReport = { readonly kind: string };
export type FailedReport = { readonly kind: 'failed'; readonly reason: string };

/** This process's end of it. */
export class BenchProcess<Order, Report extends AnyReport> {
  readonly #name: string;
  readonly #process: ChildProcess;

  /** Runs `program`, a file of this folder. */
  constructor(program: string, name: string) {
    this.#name = name;
    this.#process = fork(path.join(import.meta.dirname, program), { env: { NODE_COMPILE_CACHE, ...process.env } });
  }

  /** One order at a time. Rejects where it fails, and where the report is of none of `kinds`. */
  async ask<K extends Report['kind']>(order: Order, ...kinds: K[]): Promise<Extract<Report, { readonly kind: K }>> {
    const ended = new AbortController();
    const onExit = (code: number | null): void => ended.abort(new Error(`${this.#name}: ended with ${code}`));
    this.#process.once('exit', onExit);
    try {
      this.#process.send(order as object);
      const [report] = (await once(this.#process, 'message', { signal: ended.signal })) as [Report | FailedReport];
      if (isOneOf(report, kinds)) return report as Extract<Report, { readonly kind: K }>;
      throw new Error(`${this.#name}: ${'reason' in report ? report.reason : `reported ${report.kind}`}`);
    } catch (error) {
      throw ended.signal.aborted ? ended.signal.reason : error;
    } finally {
      this.#process.off('exit', onExit);
    }
  }

  close(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

/** The other end: obeys one order after the other. `helper` is a process that this one has to end. */
export function obeyParent<Order>(
  obey: (order: Order) => Promise<AnyReport>,
  helper: () => ChildProcess | undefined,
): void {
  process.on('message', (order: Order) => {
    obey(order).then(
      (report) => process.send?.(report),
      (error: unknown) =>
        process.send?.({ kind: 'failed', reason: String((error as Error).stack) } satisfies FailedReport),
    );
  });
  process.on('disconnect', () => {
    const end = (): boolean => process.kill(process.pid, 'SIGKILL');
    const child = helper();
    if (child === undefined || child.exitCode !== null) return end();
    child.once('exit', end);
    return child.kill('SIGKILL');
  });
}

function isOneOf(report: AnyReport, kinds: readonly string[]): boolean {
  return kinds.includes(report.kind);
}
