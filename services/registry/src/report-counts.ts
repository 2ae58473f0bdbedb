import { type Clock, createRepeater, describeError, type Log, type Timer } from '@plumb/base';
import { isRetryable } from '@plumb/rpc';
import type { CallerCount, CallerCounts } from './caller-counts.ts';
import type { RegistryClient } from './contract.ts';
import { REPORT_CALLERS_MAX } from './evidence-schemas.ts';

/** Who calls is known to Plumb after this; what calls cost does not grow with their number. */
export const REPORT_PERIOD_MS = 2_000;

export type CountReports = AsyncDisposable & {
  /** Something was counted: it is told within `REPORT_PERIOD_MS`. Costs a comparison. */
  readonly request: () => void;
};

/** Tells the dictionary what was counted. What it does not take is counted again, for the next report. */
export function reportCounts(
  counts: CallerCounts,
  {
    registry,
    clock,
    log,
  }: { readonly registry: Pick<RegistryClient, 'reportCallers'>; readonly clock: Clock; readonly log: Log },
): CountReports {
  let timer: Timer | undefined;
  let isClosed = false;
  const send = async (batch: readonly CallerCount[]): Promise<void> => {
    const [first] = batch;
    if (first === undefined) return;
    const callers = batch.map(({ caller, application, count }) => ({ caller, application, count }));
    try {
      await registry.reportCallers({ service: first.service, callers });
    } catch (error) {
      log.debug('registry.report-failed', { error: describeError(error) });
      if (!isRetryable(error)) return;
      for (const { service, caller: id, application, count } of batch)
        counts.add({ id, scopes: [], application }, service, count);
      if (!isClosed) request();
    }
  };
  const reporter = createRepeater(async () => {
    const byService = Map.groupBy(counts.take(), ({ service }) => service);
    for (const all of byService.values())
      for (let from = 0; from < all.length; from += REPORT_CALLERS_MAX)
        await send(all.slice(from, from + REPORT_CALLERS_MAX));
  });
  const request = (): void => {
    timer ??= clock.after(REPORT_PERIOD_MS, () => {
      timer = undefined;
      reporter.request();
    });
  };
  return {
    request,
    async [Symbol.asyncDispose]() {
      isClosed = true;
      timer?.cancel();
      if (!counts.isEmpty) reporter.request();
      await reporter.whenIdle();
    },
  };
}
