/** What an engine holds, read into memory once, at the start. Every record's checksum is checked here. */
import { OperatingError } from '@plumb/base';
import { rebuildChanges, type StoredHistory } from './history-record.ts';
import type { KvEngine } from './kv-engine.ts';
import { type KvChange, KvState } from './kv-state.ts';
import { FORMAT_VERSION, FORMAT_VERSION_MIN, formatRevision, formatVersion, parseRecord } from './record.ts';
import { ValueSlab } from './value-slab.ts';

export type LoadedState = {
  readonly state: KvState;
  /** Of the changes that are kept; 0 for an empty store. */
  readonly oldestRevision: number;
  /** From `oldestRevision` to the revision of the state. */
  readonly changes: readonly KvChange[];
  /** The first and last revision of each history record, in their order. */
  readonly pieces: readonly HistoryPiece[];
};

export type HistoryPiece = { readonly first: number; readonly last: number };

/**
 * Makes an empty store where there is none, and format 2 of a store in format 1, which has no history: its entries are
 * read as they are, and written anew when they change.
 * @throws OperatingError `invalid` for a format of a later version, `internal` that names a damaged record.
 */
export async function loadState(engine: KvEngine): Promise<LoadedState> {
  const state = new KvState();
  const history: StoredHistory[] = [];
  const { copy } = new ValueSlab();
  let version: number | undefined;
  let oldestRevision: number | undefined;
  for await (const records of engine.load()) {
    for (const bytes of records) {
      const record = parseRecord(bytes, copy);
      if (version === undefined && record.kind !== 'format') throw noVersion();
      if (record.kind === 'format') version = checkVersion(record.version);
      else if (record.kind === 'revision') ({ revision: state.revision, oldestRevision } = record);
      else if (record.kind === 'lease') state.leases.set(record.lease.leaseId, record.lease);
      else if (record.kind === 'entry') state.store(record.entry.key, record.entry);
      else history.push(record);
    }
  }
  // A store of format 1 begins its history with its next change.
  oldestRevision ??= state.revision === 0 ? 0 : state.revision + 1;
  if (version !== FORMAT_VERSION) {
    await engine.write([formatVersion(FORMAT_VERSION), formatRevision(state.revision, oldestRevision)]);
  }
  return {
    state,
    oldestRevision,
    changes: rebuildChanges(state, history, oldestRevision),
    pieces: history.map(({ firstRevision: first, changes }) => ({ first, last: first + changes.length - 1 })),
  };
}

function noVersion(): OperatingError {
  return new OperatingError(
    'internal',
    'the store has records but no format: restore the data directory from a backup',
  );
}

function checkVersion(version: number): number {
  if (version >= FORMAT_VERSION_MIN && version <= FORMAT_VERSION) return version;
  const found = `the store has format ${version}, and this Plumb reads formats ${FORMAT_VERSION_MIN} to ${FORMAT_VERSION}`;
  throw new OperatingError('invalid', `${found}: start the version of Plumb that wrote it, or restore a backup`);
}
