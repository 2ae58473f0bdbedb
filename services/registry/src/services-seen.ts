import { type Clock, describeError, type Log } from '@plumb/base';
import { createCollection, type Kv } from '@plumb/kv';

export type ServicesSeen = {
  readonly has: (service: string) => boolean;
  /** An instance of it is there. Written once for each service; safe to call twice. */
  readonly note: (service: string) => void;
  /** Resolves when what was noted is on disk, as far as the disk takes it. */
  readonly settle: () => Promise<void>;
};

/** Which services ever had an instance, over restarts. As large as the number of services that there ever were. */
export async function loadServicesSeen({
  kv,
  clock,
  log,
}: {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<ServicesSeen> {
  const records = createCollection<{ readonly firstAt: number }>(kv, 'evidence/seen/');
  const seen = new Set((await records.list()).map(({ id }) => id));
  const writes = new Set<Promise<void>>();
  const write = async (service: string): Promise<void> => {
    try {
      await records.put(service, { firstAt: clock.now() });
    } catch (error) {
      log.warn('registry.evidence-failed', { service, error: describeError(error) });
      // Told again by the next change of an instance.
      seen.delete(service);
    }
  };
  return {
    has: (service) => seen.has(service),
    note(service) {
      if (seen.has(service)) return;
      seen.add(service);
      const writing = write(service).finally(() => writes.delete(writing));
      writes.add(writing);
    },
    settle: async () => {
      await Promise.all(writes);
    },
  };
}
