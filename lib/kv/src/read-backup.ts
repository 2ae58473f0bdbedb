/** Reads the file that `write-backup.ts` writes, and checks every byte of it. */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import { OperatingError } from '@plumb/base';
import {
  BACKUP_END,
  BACKUP_VERSION,
  FRAME_HEAD_SIZE_BYTES,
  HEADER_SIZE_BYTES,
  parseFrameHead,
  parseHeader,
} from './backup-frame.ts';
import { fileError } from './file-error.ts';
import type { EngineRecord } from './kv-engine.ts';
import type { BackupSummary } from './kv.ts';
import { parseRecord } from './record.ts';
import { DamagedRecordError, RecordReader, unseal } from './sealed-record.ts';

/** Bytes that are read at a time. */
const CHUNK_SIZE_BYTES = 1_048_576;

/**
 * Reads the whole backup and checks every record, their number, and the hash over all of them.
 * @throws OperatingError `internal` that names what is damaged, `invalid` for a file that is no backup or of a later
 * version of Plumb, `not-found` when there is none.
 */
export async function checkBackup(file: string): Promise<BackupSummary> {
  let revision = 0;
  let entryCount = 0;
  for await (const record of readBackup(file)) {
    const parsed = nameDamage(file, () => parseRecord(record));
    if (parsed.kind === 'revision') ({ revision } = parsed);
    if (parsed.kind === 'entry') entryCount += 1;
  }
  return { revision, entryCount, sizeBytes: (await fs.stat(file)).size };
}

/** The records of a backup in the order of their keys. The checks of `checkBackup` but that of each record. */
export async function* readBackup(file: string): AsyncGenerator<EngineRecord, void, undefined> {
  try {
    const handle = await fs.open(file, 'r');
    try {
      yield* readRecords(file, handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(`the backup ${file} was not read`, error);
  }
}

async function* readRecords(file: string, handle: fs.FileHandle): AsyncGenerator<EngineRecord, void, undefined> {
  const hash = createHash('sha256');
  const reader = new ChunkReader(handle);
  const take = async (size: number): Promise<Buffer> => {
    const at = reader.position;
    const bytes = await reader.read(size);
    if (bytes.length < size) throw damageError(file, `it is cut short at byte ${at + bytes.length}`);
    return bytes;
  };

  const header = await take(HEADER_SIZE_BYTES);
  const version = parseHeader(header);
  if (version === undefined)
    throw new OperatingError('invalid', `${file} is no backup of a store, or its start is damaged`);
  if (version !== BACKUP_VERSION) {
    const found = `the backup ${file} has format ${version}, and this Plumb reads format ${BACKUP_VERSION}`;
    throw new OperatingError('invalid', `${found}: use the version of Plumb that wrote it`);
  }
  hash.update(header);
  for (let recordCount = 0; ; recordCount += 1) {
    const at = reader.position;
    const head = await take(FRAME_HEAD_SIZE_BYTES);
    const sizes = parseFrameHead(head);
    if (sizes === undefined)
      throw damageError(file, `the sizes of the record at byte ${at} do not match their checksum`);
    const key = await take(sizes.keySize);
    const value = await take(sizes.valueSize);
    if (key.toString() === BACKUP_END) {
      checkEnd(file, { key, value }, recordCount, hash.digest());
      if ((await reader.read(1)).length > 0) throw damageError(file, 'it goes on after its end');
      return;
    }
    hash.update(head).update(key).update(value);
    yield { key, value };
  }
}

function checkEnd(file: string, record: EngineRecord, recordCount: number, digest: Buffer): void {
  const end = nameDamage(file, () => new RecordReader(BACKUP_END, unseal(BACKUP_END, record)));
  const wanted = nameDamage(file, () => end.u64());
  if (wanted !== recordCount) throw damageError(file, `it has ${recordCount} records of ${wanted}`);
  if (!nameDamage(file, () => end.bytes(digest.length)).equals(digest))
    throw damageError(file, 'its hash does not match');
}

/** Says of a damaged record that it is the backup's. */
function nameDamage<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DamagedRecordError) throw damageError(file, `${error.record} is damaged: ${error.why}`);
    throw error;
  }
}

function damageError(file: string, why: string): OperatingError {
  return new OperatingError('internal', `the backup ${file} is damaged: ${why}; use another backup`);
}

/** Pieces of a file one after the other, read in chunks. */
class ChunkReader {
  readonly #handle: fs.FileHandle;
  #chunk = Buffer.alloc(0);
  #at = 0;
  position = 0;

  constructor(handle: fs.FileHandle) {
    this.#handle = handle;
  }

  /** Fewer bytes than `size` only at the end of the file. */
  async read(size: number): Promise<Buffer> {
    while (this.#chunk.length - this.#at < size) {
      const { buffer, bytesRead } = await this.#handle.read({ buffer: Buffer.alloc(CHUNK_SIZE_BYTES) });
      if (bytesRead === 0) break;
      this.#chunk = Buffer.concat([this.#chunk.subarray(this.#at), buffer.subarray(0, bytesRead)]);
      this.#at = 0;
    }
    const bytes = this.#chunk.subarray(this.#at, this.#at + size);
    this.#at += bytes.length;
    this.position += bytes.length;
    return bytes;
  }
}
