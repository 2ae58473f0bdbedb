/** What a process tells the store of itself: which revision it runs, and which paths it reads. */
import { type Clock, createRepeater, describeError, type Log, OperatingError, type Timer } from '@plumb/base';
import type { FeedClient } from './follow-feed.ts';
import { type ReadEvidence, reportReads } from './read-evidence.ts';

/** The last reports of a program that ends. */
const LAST_REPORT_TIMEOUT_MS = 1_000;

/** A change reaches many processes at a time: it is in force in all of them before they compete for telling of it. */
const REPORT_AFTER_MS = 200;
/** A report that did not arrive is sent again: until then nothing proves what the process runs. */
const REPORT_RETRY_MS = 2_000;

/** Who reports. */
export type Reporter = {
  readonly application: string;
  readonly instance: string;
  readonly component?: string | undefined;
  readonly release?: string | undefined;
};

type ReportDependencies = { readonly client: FeedClient; readonly clock: Clock; readonly log: Log };

/**
 * Gives what tells the store, soon, what is in force: one report at a time, and the latest next, since the ones between say
 * nothing. `inForce` is asked at the time of sending; undefined is not told. Ends when `signal` aborts.
 */
export function createRevisionReporter(
  { application, instance }: Reporter,
  inForce: () => { readonly revision: number; readonly digest: string } | undefined,
  { client, clock, log }: ReportDependencies,
  signal: AbortSignal,
): () => void {
  let timer: Timer | undefined;
  const plan = (delayMs: number): void => {
    timer ??= clock.after(delayMs, () => {
      timer = undefined;
      if (!signal.aborted) repeater.request();
    });
  };
  const repeater = createRepeater(async () => {
    const latest = inForce();
    try {
      if (latest !== undefined) await client.report({ application, instance, ...latest });
    } catch (error) {
      log.debug('config.report-failed', { error: describeError(error), retryMs: REPORT_RETRY_MS });
      plan(REPORT_RETRY_MS);
    }
  });
  return () => plan(REPORT_AFTER_MS);
}

/** Tells the store what is read until `signal` aborts, and a last time then. Never rejects. */
export async function followReads(
  { evidence, reporter }: { readonly evidence: ReadEvidence; readonly reporter: Reporter },
  isServerThere: () => boolean,
  { client, clock, log }: ReportDependencies,
  signal: AbortSignal,
): Promise<void> {
  const tell = async (paths: string[]): Promise<void> => {
    // A call would wait for the connection.
    if (!isServerThere()) throw new OperatingError('unavailable', 'the server is away');
    await client.reportReads({ ...reporter, paths }, signal.aborted ? { timeoutMs: LAST_REPORT_TIMEOUT_MS } : {});
  };
  const reporting = reportReads(evidence, tell, { clock, log });
  const ended = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => ended.resolve(), { once: true });
  if (signal.aborted) ended.resolve();
  await ended.promise;
  await reporting.close();
}
