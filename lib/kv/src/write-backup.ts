/**
 * Writes a whole store into one file, as `docs/formats/kv.md` draws it: the records of the store, each with its checksum,
 * and at the end their number and a hash over all of it, so that nothing can be damaged, missing or moved unseen.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { randomText } from '@plumb/base';
import { BACKUP_END, BACKUP_VERSION, formatFrame, formatHeader } from './backup-frame.ts';
import { fileError } from './file-error.ts';
import { formatHistory } from './history-record.ts';
import type { EngineWrite } from './kv-engine.ts';
import type { KvChange } from './kv-state.ts';
import type { BackupSummary, Entry, Lease } from './kv.ts';
import { FORMAT_VERSION, formatEntry, formatLease, formatRevision, formatVersion } from './record.ts';
import { RecordWriter } from './record-writer.ts';

/** Bytes that are gathered before they are written: others get their turn in between. */
const CHUNK_SIZE_BYTES = 1_048_576;
/** Changes a record of the history: it is parsed as a whole. */
const HISTORY_RECORD_CHANGES = 256;

/** What does not change while it is written. */
export type BackupSource = {
  readonly revision: number;
  readonly oldestRevision: number;
  readonly leases: readonly Lease[];
  /** In key order. */
  readonly entries: Iterable<Entry> | AsyncIterable<Entry>;
  readonly changes: readonly KvChange[];
};

/** As `Kv.backup`. */
export async function writeBackup(file: string, source: BackupSource): Promise<BackupSummary> {
  // In the same directory: a rename is all or nothing only within one file system.
  const temporary = `${file}.${randomText(10)}.partial`;
  try {
    const handle = await fs.open(temporary, 'wx', 0o600);
    let summary: BackupSummary;
    try {
      summary = await writeRecords(handle, source);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, file);
    await syncDirectory(path.dirname(file));
    return summary;
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(`the backup ${file} was not written`, error);
  }
}

async function writeRecords(handle: fs.FileHandle, source: BackupSource): Promise<BackupSummary> {
  const hash = createHash('sha256');
  let chunk: Uint8Array[] = [];
  let chunkSize = 0;
  let sizeBytes = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(chunk);
    await handle.appendFile(bytes);
    [chunk, chunkSize, sizeBytes] = [[], 0, sizeBytes + bytes.length];
  };
  const write = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes);
    chunk.push(bytes);
    chunkSize += bytes.length;
    if (chunkSize >= CHUNK_SIZE_BYTES) await flush();
  };

  await write(formatHeader(BACKUP_VERSION));
  let recordCount = 0;
  let entryCount = 0;
  for await (const record of recordsOf(source)) {
    recordCount += 1;
    if (record.kind === 'entry') entryCount += 1;
    await write(formatFrame(record.write));
  }
  const end = new RecordWriter(BACKUP_END, 40);
  end.u64(recordCount);
  end.bytes(hash.digest());
  chunk.push(formatFrame(end.finish()));
  await flush();
  return { revision: source.revision, entryCount, sizeBytes };
}

type SourceRecord = { readonly kind: 'entry' | 'other'; readonly write: EngineWrite };

/** In the order of a store's keys. */
async function* recordsOf(source: BackupSource): AsyncGenerator<SourceRecord, void, undefined> {
  const { revision, oldestRevision, leases, entries, changes } = source;
  yield { kind: 'other', write: formatVersion(FORMAT_VERSION) };
  yield { kind: 'other', write: formatRevision(revision, oldestRevision) };
  for (const lease of leases) yield { kind: 'other', write: formatLease(lease.leaseId, lease) };
  for await (const entry of entries) yield { kind: 'entry', write: formatEntry(entry.key, entry) };
  for (let from = 0; from < changes.length; from += HISTORY_RECORD_CHANGES) {
    yield { kind: 'other', write: formatHistory(changes.slice(from, from + HISTORY_RECORD_CHANGES)) };
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await fs.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
