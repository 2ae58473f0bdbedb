/**
 * Which paths a process reads, for whoever wants to know who needs a value before it is changed or removed. A read costs
 * one look into a map; what is found out is told at most once a minute, and each path at most once an hour.
 *
 * A path is remembered as it was asked for, whether it has a value or not. Evidence is worth nothing to the process
 * itself: where it cannot be told, or there is too much of it, the process goes on.
 */
import { type Clock, createRepeater, describeError, type Log } from '@plumb/base';
import { READS_PER_REPORT_MAX } from './feed.ts';

/** As many as an application can have keys: beyond that somebody makes paths up. */
const PATHS_MAX = 10_000;
/** Of the longest key. A longer path reads nothing that the store could have. */
const PATH_LENGTH_MAX = 200;
/** The server keeps times of reads by the hour. */
const TOLD_AGAIN_AFTER_MS = 3_600_000;
/** What an application reads at its start is told soon, so that a short life leaves evidence too. */
const FIRST_TOLD_AFTER_MS = 5_000;
const TOLD_EVERY_MS = 60_000;

export class ReadEvidence {
  /** When a path was taken to be told, on the monotonic clock; undefined as long as it was not. */
  readonly #takenAt = new Map<string, number | undefined>();
  #untold: string[] = [];
  #subscriptions: () => Iterable<string>;

  /** `subscriptions` are the paths that are being listened to: they count as read for as long as they are. */
  constructor(subscriptions: () => Iterable<string> = () => []) {
    this.#subscriptions = subscriptions;
  }

  /** Called at each read. */
  note(path: string): void {
    if (this.#takenAt.has(path) || this.#takenAt.size >= PATHS_MAX || path.length > PATH_LENGTH_MAX) return;
    this.#takenAt.set(path, undefined);
    this.#untold.push(path);
  }

  /** The paths that are to be told now, each as if it had been. */
  take(nowMs: number): readonly string[] {
    for (const [path, takenAt] of this.#takenAt) {
      if (takenAt !== undefined && nowMs - takenAt >= TOLD_AGAIN_AFTER_MS) this.#takenAt.delete(path);
    }
    for (const path of this.#subscriptions()) this.note(path);
    const taken = this.#untold;
    this.#untold = [];
    for (const path of taken) this.#takenAt.set(path, nowMs);
    return taken;
  }

  /** They could not be told: they are to be told the next time. */
  giveBack(paths: readonly string[]): void {
    for (const path of paths) this.#takenAt.set(path, undefined);
    this.#untold.push(...paths);
  }
}

export type ReadReporting = {
  /** Tells what is left, and nothing more after that. Never rejects. */
  readonly close: () => Promise<void>;
};

/** Tells what was read by `tell`, at most `READS_PER_REPORT_MAX` paths at a time. */
export function reportReads(
  evidence: ReadEvidence,
  tell: (paths: string[]) => Promise<void>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): ReadReporting {
  const reporter = createRepeater(async () => {
    const paths = evidence.take(clock.monotonicMs());
    for (let i = 0; i < paths.length; i += READS_PER_REPORT_MAX) {
      try {
        await tell(paths.slice(i, i + READS_PER_REPORT_MAX));
      } catch (error) {
        evidence.giveBack(paths.slice(i));
        log.debug('config.report-reads-failed', { error: describeError(error) });
        return;
      }
    }
  });
  const first = clock.after(FIRST_TOLD_AFTER_MS, reporter.request);
  const later = clock.every(TOLD_EVERY_MS, reporter.request);
  return {
    async close() {
      first.cancel();
      later.cancel();
      reporter.request();
      await reporter.whenIdle();
    },
  };
}
