import { type Clock, createRepeater, type Timer } from '@plumb/base';
import type { CallObserver } from '@plumb/rpc';
import { CallerCounts } from './caller-counts.ts';
import type { EvidenceLog } from './evidence-log.ts';
import { REPORT_PERIOD_MS } from './report-counts.ts';

/** Describes the others, and is nobody's need. */
const IGNORED_SERVICE = 'rpc';

export type OwnCalls = AsyncDisposable & { readonly observe: CallObserver };

/** Counts who calls the services of Plumb itself, which evidence knows as `plumb-SERVICE`. A call costs two map look-ups. */
export function countOwnCalls(evidence: Pick<EvidenceLog, 'note'>, clock: Clock): OwnCalls {
  const counts = new CallerCounts();
  let timer: Timer | undefined;
  const teller = createRepeater(async () => {
    for (const { service: method, caller, application, count } of counts.take()) {
      const [service] = method.split('.');
      if (service === IGNORED_SERVICE) continue;
      evidence.note({ kind: 'called', service: `plumb-${service}`, caller, application, count });
    }
  });
  return {
    observe(caller, method) {
      counts.add(caller, method);
      timer ??= clock.after(REPORT_PERIOD_MS, () => {
        timer = undefined;
        teller.request();
      });
    },
    async [Symbol.asyncDispose]() {
      timer?.cancel();
      teller.request();
      await teller.whenIdle();
    },
  };
}
