/**
 * The write-ahead log: numbered segments of framed records, and checkpoints that stand for all segments up to a number.
 *
 * What was appended is with the operating system before `append` returns, so it survives the end of the process; it is
 * on the disk after the next `sync`, so it survives a power cut. A write that fails is cut off again: the log never holds
 * half a record followed by a whole one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { describeError, type Log, OperatingError } from '@plumb/base';
import { ByteWriter } from './bytes.ts';
import { diskError, linkOrCopy, listNumbered, numberedName, syncDirectory, writeFully } from './durable-file.ts';
import { encodeRecord, type LogRecord } from './log-record.ts';
import { isLog, LOG_HEADER, replayFile } from './log-replay.ts';

const SEGMENT = '.wal';
const CHECKPOINT = '.checkpoint';
/** The buffer for records is given back when a large batch made it larger than this. */
const BUFFER_BYTES_KEPT = 4 * 1_024 * 1_024;

export type ReplayOutcome = {
  readonly recordCount: number;
  /** Bytes that were cut from the end of the last segment: a write that a crash interrupted. */
  readonly tornBytes: number;
  /** Checkpoints and segments that are damaged before their end, whose rest could not be read. */
  readonly damagedSegmentCount: number;
  /** Records in the middle of segments whose checksum is wrong: they are left out. */
  readonly damagedRecordCount: number;
};

export type LogReaders = {
  readonly restore: (checkpointFile: string) => void;
  readonly visit: (record: LogRecord) => void;
};

export class WriteAheadLog implements Disposable {
  readonly #directory: string;
  #number: number;
  #fd: number;
  #sizeBytes: number;
  /** Of closed segments, and of the checkpoint that stands for others. */
  #closedBytes: number;
  #checkpointBytes: number;
  #isDirty = false;
  #buffer = new ByteWriter(64 * 1_024);

  private constructor(directory: string, number: number, sizes: { closedBytes: number; checkpointBytes: number }) {
    this.#directory = directory;
    this.#number = number;
    this.#closedBytes = sizes.closedBytes;
    this.#checkpointBytes = sizes.checkpointBytes;
    this.#fd = openSegment(directory, number);
    this.#sizeBytes = LOG_HEADER.length;
  }

  /**
   * Hands the newest checkpoint to `restore`, then every record of the segments behind it to `visit`, in order, and opens a
   * fresh segment. A checkpoint that `restore` throws on is set aside, and the segments are all there is.
   */
  static open(
    directory: string,
    log: Log,
    { restore, visit }: LogReaders,
  ): { wal: WriteAheadLog; replay: ReplayOutcome } {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    removeLeftovers(directory);
    const checkpoint = listNumbered(directory, CHECKPOINT).at(-1);
    const segments = listNumbered(directory, SEGMENT);
    const outcome = { recordCount: 0, tornBytes: 0, damagedSegmentCount: 0, damagedRecordCount: 0 };
    const count = (record: LogRecord): void => {
      outcome.recordCount += 1;
      visit(record);
    };
    const restoreAny = (file: string): void => {
      if (isLog(file)) replayFile(file, count, log);
      else restore(file);
    };
    const checkpointBytes = checkpoint === undefined ? 0 : restoreOrSetAside(checkpoint.file, restoreAny, log);
    if (checkpoint !== undefined && checkpointBytes === 0) outcome.damagedSegmentCount += 1;
    for (const { file } of segments) {
      const { goodBytes, damagedRecordCount } = replayFile(file, count, log);
      outcome.damagedRecordCount += damagedRecordCount;
      const lostBytes = fs.statSync(file).size - goodBytes;
      if (lostBytes === 0) continue;
      if (file === segments.at(-1)?.file) {
        fs.truncateSync(file, goodBytes);
        outcome.tornBytes += lostBytes;
        log.warn('tsdb.wal.torn-tail', { file, goodBytes, lostBytes });
      } else {
        outcome.damagedSegmentCount += 1;
        log.error('tsdb.wal.damaged', { file, goodBytes, lostBytes });
      }
    }
    const last = Math.max(checkpoint?.number ?? 0, segments.at(-1)?.number ?? 0);
    const closedBytes = sumOfSizes(segments.map(({ file }) => file));
    return { wal: new WriteAheadLog(directory, last + 1, { closedBytes, checkpointBytes }), replay: outcome };
  }

  get sizeBytes(): number {
    return this.#checkpointBytes + this.segmentBytes;
  }

  /** Of all segments: what the next start has to replay sample by sample. */
  get segmentBytes(): number {
    return this.#closedBytes + this.#sizeBytes;
  }

  /** Writes records in one go. @throws OperatingError `exhausted` on a full disk, `unavailable`; nothing is kept then. */
  append(records: readonly LogRecord[]): void {
    for (const record of records) encodeRecord(record, this.#buffer);
    const bytes = this.#buffer.view();
    try {
      writeFully(this.#fd, bytes, this.#sizeBytes);
    } catch (error) {
      this.#cutTail();
      throw diskError('samples could not be written', error);
    } finally {
      this.#buffer.clear();
      if (bytes.length > BUFFER_BYTES_KEPT) this.#buffer = new ByteWriter(64 * 1_024);
    }
    this.#sizeBytes += bytes.length;
    this.#isDirty = true;
  }

  /** Puts on the disk what was appended before the call. Does nothing when nothing was. */
  async sync(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    fs.fsync(this.#fd, (error) =>
      error === null ? resolve() : reject(diskError('the log could not be synced', error)),
    );
    await promise;
  }

  syncNow(): void {
    if (this.#isDirty) fs.fsyncSync(this.#fd);
    this.#isDirty = false;
  }

  /** Starts the next segment; what comes later is not part of a checkpoint of the number that is returned. */
  rotate(): number {
    this.syncNow();
    const closed = this.#number;
    fs.closeSync(this.#fd);
    this.#closedBytes += this.#sizeBytes;
    this.#number += 1;
    this.#fd = openSegment(this.#directory, this.#number);
    this.#sizeBytes = LOG_HEADER.length;
    return closed;
  }

  /** Of the checkpoint that stands for all segments before. */
  get checkpointBytes(): number {
    return this.#checkpointBytes;
  }

  /** Replaces all segments up to `number` by the file that `write` creates, which must say all that still matters of them. */
  async checkpoint(number: number, write: (file: string) => Promise<unknown>): Promise<string> {
    const file = path.join(this.#directory, numberedName(number, CHECKPOINT));
    await write(file);
    removeLeftovers(this.#directory);
    const closed = listNumbered(this.#directory, SEGMENT).filter((segment) => segment.number !== this.#number);
    this.#closedBytes = sumOfSizes(closed.map((segment) => segment.file));
    this.#checkpointBytes = sumOfSizes([file]);
    return file;
  }

  /** Puts the checkpoint and what was logged behind it into `directory` too. The segment goes on here, so it is copied. */
  linkInto(directory: string, checkpointFile: string): void {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    linkOrCopy(checkpointFile, path.join(directory, path.basename(checkpointFile)));
    this.syncNow();
    const name = numberedName(this.#number, SEGMENT);
    fs.copyFileSync(path.join(this.#directory, name), path.join(directory, name), fs.constants.COPYFILE_EXCL);
    syncDirectory(directory);
  }

  [Symbol.dispose](): void {
    this.syncNow();
    fs.closeSync(this.#fd);
  }

  #cutTail(): void {
    try {
      fs.ftruncateSync(this.#fd, this.#sizeBytes);
    } catch (error) {
      throw new OperatingError('unavailable', `the log's failed write could not be cut off: ${describeError(error)}`);
    }
  }
}

function openSegment(directory: string, number: number): number {
  const fd = fs.openSync(path.join(directory, numberedName(number, SEGMENT)), 'wx', 0o600);
  writeFully(fd, LOG_HEADER, 0);
  syncDirectory(directory);
  return fd;
}

function sumOfSizes(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + fs.statSync(file).size, 0);
}

/** Removes what a checkpoint stands for, older checkpoints, and unfinished ones. */
function removeLeftovers(directory: string): void {
  for (const name of fs.readdirSync(directory)) if (name.endsWith('.tmp')) fs.rmSync(path.join(directory, name));
  const newest = listNumbered(directory, CHECKPOINT).at(-1)?.number ?? -1;
  const isOld = ({ number, file }: { number: number; file: string }): boolean =>
    number < newest || (number === newest && file.endsWith(SEGMENT));
  const old = [...listNumbered(directory, CHECKPOINT), ...listNumbered(directory, SEGMENT)].filter(isOld);
  for (const { file } of old) fs.rmSync(file);
}

/** The size of the checkpoint, or 0 when it is damaged. */
function restoreOrSetAside(file: string, restore: (file: string) => void, log: Log): number {
  try {
    restore(file);
    return fs.statSync(file).size;
  } catch (error) {
    if (error instanceof OperatingError && error.code === 'invalid') throw error;
    const movedTo = `${file}.damaged`;
    fs.renameSync(file, movedTo);
    log.error('tsdb.checkpoint.damaged', { file, movedTo, reason: describeError(error) });
    return 0;
  }
}
