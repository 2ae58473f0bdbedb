/**
 * The two ways to follow a range of etcd, each over a stream of its own, which etcd sends as fast as its reader reads. A
 * stream that breaks is opened again behind the last event, for as long as its reader is there, so nothing is missed or
 * repeated; what etcd has compacted meanwhile is a new snapshot, or said.
 */
import { type Clock, OperatingError, sleep } from '@plumb/base';
import type { KeyRange } from '../key-range.ts';
import type { Entry } from '../kv.ts';
import { compareKeys } from '../sorted-map.ts';
import type { ChangeEvent, HistoryEvent, HistoryWatchOptions, SnapshotEvent, WatchEvent } from '../watch-event.ts';
import type { EtcdClient } from './etcd-client.ts';
import { type EtcdCodec, type EtcdHeader, type EtcdKeyValue, toNumber } from './etcd-codec.ts';

/** Between tries to open a stream again: an etcd that restarts is back in a second or two. */
const RETRY_DELAY_MS = 250;

type EtcdEvent = { readonly type?: 'PUT' | 'DELETE'; readonly kv?: EtcdKeyValue; readonly prev_kv?: EtcdKeyValue };
type EtcdWatchResponse = {
  readonly header?: EtcdHeader;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly cancel_reason?: string;
  readonly compact_revision?: string;
  readonly events?: readonly EtcdEvent[];
};

export type EtcdWatchSource = {
  readonly client: EtcdClient;
  readonly codec: EtcdCodec;
  readonly clock: Clock;
  readonly snapshot: (range: KeyRange) => Promise<SnapshotEvent>;
  /** Called with each revision that etcd speaks of. */
  readonly onRevision: (revision: number) => void;
};

export async function* watchEtcdState(
  source: EtcdWatchSource,
  range: KeyRange,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  while (!signal.aborted) {
    const snapshot = await retry(source, signal, () => source.snapshot(range));
    if (snapshot === undefined) return;
    yield snapshot;
    for await (const event of watchEtcdHistory(source, range, { signal, fromRevision: snapshot.revision + 1 })) {
      if (event.kind === 'change') yield event;
    }
  }
}

export async function* watchEtcdHistory(
  source: EtcdWatchSource,
  range: KeyRange,
  options: HistoryWatchOptions,
): AsyncGenerator<HistoryEvent, void, undefined> {
  const { signal } = options;
  if (isEmpty(range)) return aborted(signal);
  // etcd takes 0 for "from now on".
  let position = Math.max(1, options.fromRevision);
  while (!signal.aborted) {
    try {
      for await (const response of openStream(source, range, options, position)) {
        if (response.canceled === true) {
          const oldestRevision = toNumber(response.compact_revision);
          if (oldestRevision === 0) throw canceledError(response.cancel_reason);
          yield { kind: 'compacted', oldestRevision };
          return;
        }
        for (const change of changesOf(source.codec, response, options.previous === true)) {
          position = change.revision + 1;
          source.onRevision(change.revision);
          yield change;
        }
        const isMark = response.created !== true && (response.events ?? []).length === 0;
        if (!isMark) continue;
        const revision = toNumber(response.header?.revision);
        position = Math.max(position, revision + 1);
        if (options.progress === true) yield { kind: 'progress', revision };
      }
    } catch (error) {
      if (!isTemporary(error)) throw error;
      await sleep(source.clock, RETRY_DELAY_MS, signal);
    }
  }
}

function openStream(
  { client, codec }: EtcdWatchSource,
  range: KeyRange,
  { signal, previous = false, progress = false }: HistoryWatchOptions,
  position: number,
): AsyncIterable<EtcdWatchResponse> {
  const create_request = {
    ...codec.range(range),
    start_revision: String(position),
    prev_kv: previous,
    progress_notify: progress,
  };
  return client.stream<EtcdWatchResponse>('watch', { create_request }, signal);
}

/** etcd sends the events of several transactions together, but never those of one apart. */
function changesOf(codec: EtcdCodec, { events = [] }: EtcdWatchResponse, hasPrevious: boolean): ChangeEvent[] {
  const byRevision = Map.groupBy(events, ({ kv }) => toNumber(kv?.mod_revision));
  return [...byRevision].map(([revision, parts]) => {
    const puts = parts.flatMap(({ type, kv }) => (type === 'DELETE' || kv === undefined ? [] : [codec.entry(kv)]));
    const deletes = parts.flatMap(({ type, kv }) => (type === 'DELETE' ? [codec.keyOf(kv?.key)] : []));
    const previous = parts.flatMap(({ prev_kv }) => (prev_kv === undefined ? [] : [codec.entry(prev_kv)]));
    return {
      kind: 'change',
      revision,
      puts: puts.sort(byKey),
      deletes: deletes.sort(compareKeys),
      ...(hasPrevious ? { previous: previous.sort(byKey) } : {}),
    };
  });
}

/** Undefined when `signal` aborts before it succeeds. */
async function retry<T>(source: EtcdWatchSource, signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (!isTemporary(error)) throw error;
      await sleep(source.clock, RETRY_DELAY_MS, signal);
    }
  }
  return undefined;
}

/** Nothing is ever in such a range, and etcd refuses to watch it. */
function isEmpty({ start, end }: KeyRange): boolean {
  return end !== undefined && compareKeys(start, end) >= 0;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

function isTemporary(error: unknown): boolean {
  return error instanceof OperatingError && (error.code === 'unavailable' || error.code === 'exhausted');
}

function canceledError(reason = 'it did not say why'): OperatingError {
  return new OperatingError('denied', `etcd ended a watch: ${reason}; check what the user may read`);
}

function byKey(a: Entry, b: Entry): number {
  return compareKeys(a.key, b.key);
}
