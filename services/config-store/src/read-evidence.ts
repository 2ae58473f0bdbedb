/**
 * The evidence of who reads which configuration, durable: reports are gathered in memory and written down after a while. A
 * crash may lose the last `WRITE_PERIOD_MS`, which processes tell again within the hour.
 */
import { type Clock, createRepeater, describeError, type Log, type Timer } from '@plumb/base';
import { createCollection, type Kv, type Operation } from '@plumb/kv';
import { type PathReads, ReadLog, type ReadReport } from './read-log.ts';

const WRITE_PERIOD_MS = 10_000;
/** Paths in one transaction: with fifty readers each they are some 2 MB. */
const WRITE_BATCH = 250;
/** Of all that is in one transaction: names of readers can be long, and what does not fit would never be written. */
const WRITE_SIZE_BYTES_MAX = 2 * 1_048_576;
/** Applications with evidence; more than a plumbd runs. Beyond it a report of another one is not kept. */
const APPLICATIONS_MAX = 1_000;

type Place = { readonly application: string; readonly path: string };

export type ReadEvidence = AsyncDisposable & {
  readonly note: (application: string, report: ReadReport) => void;
  readonly of: (application: string) => ReadLog;
};

/** `onNews` is told of the application. Disposing it writes what is not yet on disk. */
export async function openReadEvidence(
  { kv, clock, log }: { readonly kv: Kv; readonly clock: Clock; readonly log: Log },
  onNews: (application: string) => void,
): Promise<ReadEvidence> {
  const records = createCollection<PathReads>(kv, 'config/reads/');
  const logs = await loadLogs(records);
  /** By `APPLICATION/PATH`. */
  const dirty = new Map<string, Place>();
  let timer: Timer | undefined;

  const write = async (): Promise<void> => {
    const operations: Operation[] = [];
    const batch: [string, Place][] = [];
    let sizeBytes = 0;
    for (const [id, place] of dirty) {
      const reads = logs.get(place.application)?.get(place.path);
      sizeBytes += Buffer.byteLength(JSON.stringify(reads ?? ''));
      if (batch.length === WRITE_BATCH || (batch.length > 0 && sizeBytes > WRITE_SIZE_BYTES_MAX)) break;
      operations.push(reads === undefined ? records.deleteOperation(id) : records.putOperation(id, reads));
      batch.push([id, place]);
    }
    for (const [id] of batch) dirty.delete(id);
    try {
      await kv.transact(operations);
      if (dirty.size > 0) writer.request();
    } catch (error) {
      // It is all still in memory: the next report takes it along.
      log.warn('config.reads-failed', { count: batch.length, error: describeError(error) });
      for (const [id, place] of batch) dirty.set(id, place);
      plan();
    }
  };
  const writer = createRepeater(write);
  const plan = (): void => {
    timer ??= clock.after(WRITE_PERIOD_MS, () => {
      timer = undefined;
      writer.request();
    });
  };

  return {
    of: (application) => logs.get(application) ?? new ReadLog(),
    note(application, report) {
      const known = logs.get(application) ?? (logs.size < APPLICATIONS_MAX ? new ReadLog() : undefined);
      if (known === undefined)
        return log.warn('config.reads-not-kept', { application, applicationsMax: APPLICATIONS_MAX });
      logs.set(application, known);
      const paths = known.note(report, clock.now());
      if (paths.length === 0) return;
      for (const path of paths) dirty.set(`${application}/${path}`, { application, path });
      onNews(application);
      plan();
    },
    async [Symbol.asyncDispose]() {
      timer?.cancel();
      if (dirty.size > 0) writer.request();
      await writer.whenIdle();
      timer?.cancel();
    },
  };
}

async function loadLogs(records: ReturnType<typeof createCollection<PathReads>>): Promise<Map<string, ReadLog>> {
  const kept = new Map<string, [string, PathReads][]>();
  for (const { id, value } of await records.list()) {
    const slash = id.indexOf('/');
    const application = id.slice(0, slash);
    const paths = kept.get(application) ?? [];
    kept.set(application, paths);
    paths.push([id.slice(slash + 1), value]);
  }
  return new Map([...kept].map(([application, paths]) => [application, new ReadLog(paths)]));
}
