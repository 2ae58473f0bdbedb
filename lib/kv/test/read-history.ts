import type { ChangeEvent, Kv } from '../src/index.ts';

export type StoredHistory = {
  /** The first revision that can be watched from, when the one that was asked for is compacted. */
  readonly oldestRevision: number | undefined;
  readonly changes: readonly ChangeEvent[];
};

/** What a watch from `fromRevision` gives, to the revision of the store. */
export async function readHistory(kv: Kv, fromRevision: number): Promise<StoredHistory> {
  const stop = new AbortController();
  const changes: ChangeEvent[] = [];
  if (fromRevision > kv.revision()) return { oldestRevision: undefined, changes };
  for await (const event of kv.watchFrom('', { fromRevision, previous: true, signal: stop.signal })) {
    if (event.kind === 'compacted') return { oldestRevision: event.oldestRevision, changes };
    if (event.kind === 'change') changes.push(event);
    if (event.revision === kv.revision()) stop.abort();
  }
  return { oldestRevision: undefined, changes };
}
