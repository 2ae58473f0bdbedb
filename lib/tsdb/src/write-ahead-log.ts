/**
 * The write-ahead log: numbered segments of framed records, and checkpoints that stand for all segments up to a number.
 *
 * What was appended is with the operating system before `append` returns, so it survives the end of the process; it is
 * on the disk after the next `sync`, so it survives a power cut. A write that fails is cut off again: the log never holds
 * half a record followed by a whole one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { describeError, type Log, OperatingError } from '@plumb/base';
import { ByteWriter } from './bytes.ts';
import {
  createFileAtomically,
  diskError,
  listNumbered,
  numberedName,
  syncDirectory,
  writeFully,
} from './durable-file.ts';
import { decodePayload, encodeRecord, FRAME_HEADER_BYTES, type LogRecord, RECORD_BYTES_MAX } from './log-record.ts';

const SEGMENT = '.wal';
const CHECKPOINT = '.checkpoint';
/** "PLWL" and the version of the format. */
const FILE_HEADER = Uint8Array.of(0x50, 0x4c, 0x57, 0x4c, 1, 0, 0, 0);
/** The buffer for records is given back when a large batch made it larger than this. */
const BUFFER_BYTES_KEPT = 4 * 1_024 * 1_024;

export type ReplayOutcome = {
  readonly recordCount: number;
  /** Bytes that were cut from the end of the last segment: a write that a crash interrupted. */
  readonly tornBytes: number;
  /** Segments that are damaged before their end, whose rest could not be read. */
  readonly damagedSegmentCount: number;
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
    this.#sizeBytes = FILE_HEADER.length;
  }

  /** Hands every record of the log in `directory` to `visit`, in order, and opens a fresh segment behind them. */
  static open(
    directory: string,
    log: Log,
    visit: (record: LogRecord) => void,
  ): { wal: WriteAheadLog; replay: ReplayOutcome } {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    removeLeftovers(directory);
    const checkpoint = listNumbered(directory, CHECKPOINT).at(-1);
    const segments = listNumbered(directory, SEGMENT);
    const outcome = { recordCount: 0, tornBytes: 0, damagedSegmentCount: 0 };
    const count = (record: LogRecord): void => {
      outcome.recordCount += 1;
      visit(record);
    };
    const files = [...(checkpoint === undefined ? [] : [checkpoint.file]), ...segments.map(({ file }) => file)];
    for (const file of files) {
      const goodBytes = replayFile(file, count, log);
      const lostBytes = fs.statSync(file).size - goodBytes;
      if (lostBytes === 0) continue;
      if (file === files.at(-1)) {
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
    const checkpointBytes = sumOfSizes(checkpoint === undefined ? [] : [checkpoint.file]);
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
    this.#sizeBytes = FILE_HEADER.length;
    return closed;
  }

  /** Replaces all segments up to `number` by `records`, which together must say all that still matters of them. */
  async checkpoint(number: number, records: Iterable<LogRecord>): Promise<void> {
    const file = path.join(this.#directory, numberedName(number, CHECKPOINT));
    await createFileAtomically(file, async (fd) => {
      writeFully(fd, FILE_HEADER);
      const buffer = new ByteWriter(64 * 1_024);
      for (const record of records) {
        encodeRecord(record, buffer);
        if (buffer.size < 1_024 * 1_024) continue;
        writeFully(fd, buffer.view());
        buffer.clear();
        await breathe();
      }
      writeFully(fd, buffer.view());
    });
    removeLeftovers(this.#directory);
    const closed = listNumbered(this.#directory, SEGMENT).filter((segment) => segment.number !== this.#number);
    this.#closedBytes = sumOfSizes(closed.map((segment) => segment.file));
    this.#checkpointBytes = sumOfSizes([file]);
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
  writeFully(fd, FILE_HEADER, 0);
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

/** Visits the records of a file up to the first that is not whole; returns how many bytes were good. */
function replayFile(file: string, visit: (record: LogRecord) => void, log: Log): number {
  const bytes = fs.readFileSync(file);
  if (bytes.length < FILE_HEADER.length) return 0;
  if (bytes.compare(FILE_HEADER, 0, FILE_HEADER.length, 0, FILE_HEADER.length) !== 0) {
    throw new OperatingError('invalid', `${file} is not a log of this version: move it away to start without it`);
  }
  let offset = FILE_HEADER.length;
  while (offset + FRAME_HEADER_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(offset);
    const end = offset + FRAME_HEADER_BYTES + length;
    if (length === 0 || length > RECORD_BYTES_MAX || end > bytes.length) break;
    const payload = bytes.subarray(offset + FRAME_HEADER_BYTES, end);
    if (crc32(payload) !== bytes.readUInt32LE(offset + 4)) break;
    try {
      visit(decodePayload(payload));
    } catch (error) {
      log.error('tsdb.wal.unreadable-record', { file, offset, error: describeError(error) });
      break;
    }
    offset = end;
  }
  return offset;
}
