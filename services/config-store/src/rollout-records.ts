/** The records of rollouts, in memory as they are in the store, whoever writes them there. */
import { type Clock, type Log, OperatingError, type Random } from '@plumb/base';
import { createCollection, type Kv, type Operation } from '@plumb/kv';
import { follow } from '@plumb/rpc';
import { isRunning, type RolloutRecord } from './rollout-record.ts';

/** Rollouts that have ended, of each application; the oldest go. */
const ENDED_KEPT_MAX = 50;
/** That go with one write, which has little room. More than one there are after a smaller bound only. */
const DELETED_MAX = 8;

export type KnownRollout = { readonly record: RolloutRecord; readonly revision: number };

export type RolloutRecords = AsyncDisposable & {
  /** Those that run first, then those that ended, each latest first. */
  readonly list: (application?: string) => readonly KnownRollout[];
  /** @throws OperatingError `not-found`. */
  readonly require: (id: string) => KnownRollout;
  /** Over the one that is known. @throws OperatingError `conflict` where somebody was faster. */
  readonly put: (record: RolloutRecord) => Promise<void>;
  /** What puts a record, and forgets those that are too old: parts of a transaction. */
  readonly writing: (record: RolloutRecord) => readonly Operation[];
  /** Takes over what was written in the transaction that gave `revision`, before the store's watch tells. */
  readonly wrote: (record: RolloutRecord, revision: number) => void;
};

export async function openRolloutRecords({
  kv,
  clock,
  random,
  log,
}: {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Promise<RolloutRecords> {
  const records = createCollection<RolloutRecord>(kv, 'config/rollout/');
  const known = new Map<string, KnownRollout>();
  const take = (record: RolloutRecord, revision: number): void => {
    // What we wrote ourselves may be here before what was written earlier is told.
    if ((known.get(record.id)?.revision ?? 0) < revision) known.set(record.id, { record, revision });
  };
  for (const { value, modRevision } of await records.list()) take(value, modRevision);
  const stop = new AbortController();
  const following = follow(
    (signal) => records.watch({ signal }),
    (event) => {
      const items = event.kind === 'snapshot' ? event.items : event.puts;
      for (const { value, modRevision } of items) take(value, modRevision);
      if (event.kind === 'change') for (const id of event.deletes) known.delete(id.slice(id.indexOf('/') + 1));
    },
    { clock, random, log, signal: stop.signal },
  );
  const list = (application?: string): KnownRollout[] => {
    const own = [...known.values()].filter(
      ({ record }) => application === undefined || record.application === application,
    );
    return own.sort((a, b) => compareForList(a.record, b.record));
  };

  const writing: RolloutRecords['writing'] = (record) => {
    const ended = list(record.application).filter((one) => !isRunning(one.record) && one.record.id !== record.id);
    const deletes = ended
      .slice(ENDED_KEPT_MAX - 1, ENDED_KEPT_MAX - 1 + DELETED_MAX)
      .map((one) => records.deleteOperation(idOf(one.record)));
    return [records.putOperation(idOf(record), record), ...deletes];
  };

  return {
    list,
    writing,
    require(id) {
      const found = known.get(id);
      if (found !== undefined) return found;
      throw new OperatingError('not-found', `there is no rollout "${id}": list those that there are`);
    },
    async put(record) {
      const unchanged = records.compare(idOf(record), known.get(record.id)?.revision ?? 0);
      const result = await kv.transact(writing(record), { compare: [unchanged] });
      if (result.kind === 'conflict') {
        throw new OperatingError('conflict', `rollout ${record.id} was changed at the same time: try again`);
      }
      take(record, result.revision);
    },
    wrote: take,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
    },
  };
}

function idOf({ application, id }: Pick<RolloutRecord, 'application' | 'id'>): string {
  return `${application}/${id}`;
}

function compareForList(a: RolloutRecord, b: RolloutRecord): number {
  const order = Number(isRunning(b)) - Number(isRunning(a));
  return order !== 0 ? order : b.at - a.at || (a.id < b.id ? 1 : -1);
}
