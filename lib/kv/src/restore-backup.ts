/** Makes a store on disk of a backup. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { type Clock, type Log, OperatingError, randomText } from '@plumb/base';
import { fileError } from './file-error.ts';
import type { EngineRecord } from './kv-engine.ts';
import type { BackupSummary } from './kv.ts';
import { GROUP_SIZE_BYTES_MAX } from './limits.ts';
import { loadState } from './load-state.ts';
import { checkBackup, readBackup } from './read-backup.ts';
import { openRocksEngine } from './rocks-engine.ts';

export type RestoreOptions = {
  readonly file: string;
  /** Absent or empty. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Makes the store that `Kv.backup` wrote to `file`, in `directory`, which holds it whole or is as before. The backup is
 * checked to its last byte before anything is made, and the store is read once more before it gets its place.
 * @throws OperatingError as `checkBackup`; `already-exists` when the directory holds something.
 */
export async function restoreBackup({ file, directory, clock, log }: RestoreOptions): Promise<BackupSummary> {
  const summary = await checkBackup(file);
  await checkEmpty(directory);
  const temporary = `${path.resolve(directory)}.${randomText(10)}.partial`;
  try {
    {
      await using engine = await openRocksEngine({ directory: temporary, clock, log });
      for await (const batch of inBatches(readBackup(file))) await engine.write(batch);
    }
    {
      await using engine = await openRocksEngine({ directory: temporary, clock, log });
      await loadState(engine);
    }
    // Over an empty directory too; one that got something meanwhile is left alone.
    await fs.rename(temporary, directory);
  } catch (error) {
    await fs.rm(temporary, { recursive: true, force: true });
    throw fileError(`the store was not restored to ${directory}`, error);
  }
  log.info('kv.restore', { file, directory, ...summary });
  return summary;
}

async function checkEmpty(directory: string): Promise<void> {
  const names = await fs.readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw fileError(`the store was not restored to ${directory}`, error);
  });
  if (names.length === 0) return;
  throw new OperatingError('already-exists', `${directory} is not empty: move it away, or choose another directory`);
}

async function* inBatches(
  records: AsyncIterable<EngineRecord>,
): AsyncGenerator<readonly EngineRecord[], void, undefined> {
  let batch: EngineRecord[] = [];
  let sizeBytes = 0;
  for await (const record of records) {
    batch.push(record);
    sizeBytes += record.key.length + record.value.length;
    if (sizeBytes < GROUP_SIZE_BYTES_MAX) continue;
    yield batch;
    [batch, sizeBytes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}
