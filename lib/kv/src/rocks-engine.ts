/**
 * The engine on disk: RocksDB through `rocksdb-native`, with the log synced once a batch (`WalSync`) and losses found
 * (`AcknowledgedMark`). RocksDB is read once, at the start, so it gets almost no memory of its own.
 * `docs/decisions/0002-rocksdb-binding.md` says why this binding and why so.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { type Clock, describeError, type Log, OperatingError } from '@plumb/base';
import type RocksDB from 'rocksdb-native';
import { AcknowledgedMark } from './acknowledged-mark.ts';
import type { EngineRecord, EngineWrite, KvEngine } from './kv-engine.ts';
import type { Kv } from './kv.ts';
import { type KvOptions, openKv } from './open-kv.ts';
import { rocksOpenError, rocksWriteError } from './rocks-error.ts';
import { WalSync } from './wal-sync.ts';

/** RocksDB keeps up to two of these in memory, and writes the older one out as a table. */
const MEMTABLE_SIZE_BYTES = 4 * 1_048_576;
/** Records a chunk of the load: few enough that a chunk of the largest values fits in memory. */
const LOAD_CHUNK_RECORDS = 128;
/** Between tries to open RocksDB again after a failed write: each costs some ten milliseconds and files. */
const REOPEN_PERIOD_MS = 1_000;
/** RocksDB renames its own diary at each start and keeps a thousand of them. */
const OLD_DIARIES_MAX = 2;
/** Number of the batch, in every batch. It sorts before all records of the store. */
const BATCH_NUMBER_KEY = Buffer.from([0]);

export type RocksEngineOptions = { readonly directory: string; readonly clock: Clock; readonly log: Log };
export type RocksKvOptions = RocksEngineOptions & KvOptions;

/**
 * The store in `directory`, which is made if it is absent. One process at a time.
 * @throws OperatingError `unavailable` when another process has it open, `denied`, `exhausted` or `invalid` for what is
 * wrong with the directory, `internal` when the store is damaged or lost acknowledged writes, `invalid` for a store of a
 * later version of Plumb.
 */
export async function openRocksKv({ directory, log, ...options }: RocksKvOptions): Promise<Kv> {
  const { clock } = options;
  const startedMs = clock.monotonicMs();
  const kv = await openKv(await openRocksEngine({ directory, clock, log }), options);
  const durationMs = Math.round(clock.monotonicMs() - startedMs);
  log.info('kv.open', { directory, revision: kv.revision(), durationMs });
  return kv;
}

/** The engine alone. Errors as `openRocksKv`. */
export async function openRocksEngine({ directory, clock, log }: RocksEngineOptions): Promise<KvEngine> {
  try {
    await fs.mkdir(directory, { recursive: true, mode: 0o700 });
    const mark = await AcknowledgedMark.open(path.join(directory, 'acknowledged'));
    try {
      const connection = await connect(directory, await mark.read());
      return new RocksEngine({ directory, clock, log, mark, connection });
    } catch (error) {
      await mark[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    throw rocksOpenError(directory, error);
  }
}

type Connection = { readonly database: RocksDB; readonly wal: WalSync; readonly batchNumber: number };

class RocksEngine implements KvEngine {
  readonly #options: RocksEngineOptions;
  readonly #mark: AcknowledgedMark;
  /** Undefined after a failed write: what RocksDB holds in memory then is not what is on disk. */
  #connection: Connection | undefined;
  /** Of the last batch that was written, acknowledged or not. */
  #batchNumber: number;
  #acknowledged: number;
  #reopenAtMs = 0;
  #failure: unknown;

  constructor({
    mark,
    connection,
    ...options
  }: RocksEngineOptions & { mark: AcknowledgedMark; connection: Connection }) {
    this.#options = options;
    this.#mark = mark;
    this.#connection = connection;
    this.#batchNumber = connection.batchNumber;
    this.#acknowledged = connection.batchNumber;
  }

  async *load(): AsyncGenerator<readonly EngineRecord[]> {
    const { directory } = this.#options;
    const range = { gt: BATCH_NUMBER_KEY };
    let chunk: EngineRecord[] = [];
    try {
      const records = this.#connection?.database.iterator(range, { capacity: LOAD_CHUNK_RECORDS }) ?? [];
      for await (const record of records) {
        chunk.push(record);
        if (chunk.length < LOAD_CHUNK_RECORDS) continue;
        yield chunk;
        chunk = [];
      }
    } catch (error) {
      throw rocksOpenError(directory, error);
    }
    yield chunk;
  }

  async write(batch: readonly EngineWrite[]): Promise<void> {
    const { directory, log } = this.#options;
    try {
      const { database, wal } = this.#connection ?? (await this.#reopen());
      this.#batchNumber += 1;
      await writeBatch(database, [...batch, formatBatchNumber(this.#batchNumber)]);
      await wal.sync((await database.currentWalFile()).path);
    } catch (error) {
      if (this.#connection !== undefined) log.warn('kv.write-failed', { directory, error: describeError(error) });
      this.#failure = error;
      await this.#disconnect();
      throw rocksWriteError(directory, error);
    }
    this.#acknowledged = this.#batchNumber;
    this.#mark.write(this.#acknowledged);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disconnect();
    await this.#mark[Symbol.asyncDispose]();
  }

  async #reopen(): Promise<Connection> {
    const { directory, clock, log } = this.#options;
    if (clock.monotonicMs() < this.#reopenAtMs) throw this.#failure;
    this.#reopenAtMs = clock.monotonicMs() + REOPEN_PERIOD_MS;
    this.#connection = await connect(directory, this.#acknowledged);
    log.info('kv.reopen', { directory });
    return this.#connection;
  }

  async #disconnect(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    // After a failed write both report that failure once more, and are closed all the same.
    await connection?.wal.close().catch(() => undefined);
    await connection?.database.close().catch(() => undefined);
  }
}

/** @throws OperatingError `internal` when the store lost writes up to batch number `acknowledged`. */
async function connect(directory: string, acknowledged: number): Promise<Connection> {
  const Rocks = await importRocks();
  await deleteOldDiaries(directory);
  const database = new Rocks(directory, {
    maxBackgroundJobs: 2,
    maxFileOpeningThreads: 1,
    writeBufferSize: MEMTABLE_SIZE_BYTES,
    blockCache: false,
    tableCacheIndexAndFilterBlocks: false,
    filterPolicy: null,
    // Up to the first damage, which after a power loss may be anywhere in the last, unacknowledged batch.
    walRecoveryMode: Rocks.constants.walRecoveryMode.POINT_IN_TIME,
  });
  try {
    await database.ready();
    const bytes = await database.get(BATCH_NUMBER_KEY);
    const batchNumber = bytes === null ? 0 : Number(bytes.readBigUInt64LE());
    if (batchNumber < acknowledged) throw lossError(directory, acknowledged - batchNumber);
    return { database, wal: new WalSync(directory), batchNumber };
  } catch (error) {
    await database.close().catch(() => undefined);
    throw error;
  }
}

/** Imported late, so that a machine where the binding does not load gets an error that says what it lacks. */
async function importRocks(): Promise<typeof RocksDB> {
  try {
    return (await import('rocksdb-native')).default;
  } catch (error) {
    const todo = 'on Debian run "apt-get install libatomic1"; it is built for linux x64 and arm64, macOS and Windows';
    throw new OperatingError('internal', `RocksDB cannot be loaded: ${describeError(error)}; ${todo}`, {
      cause: error,
    });
  }
}

async function writeBatch(database: RocksDB, batch: readonly EngineWrite[]): Promise<void> {
  const writing = database.write({ capacity: batch.length });
  try {
    for (const { key, value } of batch) {
      if (value === undefined) writing.tryDelete(key);
      else writing.tryPut(key, value);
    }
    await writing.flush();
  } finally {
    writing.destroy();
  }
}

function formatBatchNumber(batchNumber: number): EngineWrite {
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(BigInt(batchNumber));
  return { key: BATCH_NUMBER_KEY, value };
}

function lossError(directory: string, count: number): OperatingError {
  const what = `the store in ${directory} lost its last ${count} acknowledged writes: its log on disk is damaged`;
  const todo = `restore a backup, or delete ${path.join(directory, 'acknowledged')} to go on without them`;
  return new OperatingError('internal', `${what}; ${todo}`);
}

async function deleteOldDiaries(directory: string): Promise<void> {
  const names = (await fs.readdir(directory)).filter((name) => name.startsWith('LOG.old.')).sort();
  for (const name of names.slice(0, -OLD_DIARIES_MAX)) await fs.rm(path.join(directory, name), { force: true });
}
