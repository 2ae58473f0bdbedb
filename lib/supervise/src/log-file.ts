/**
 * What a unit printed, kept in text files that a person can read: one line each, `TIME STREAM TEXT`. Writes are
 * synchronous, into the kernel's cache: the lines of a watcher that is killed are there, lines and readers see one
 * order, and a tail followed by a follow has neither gap nor double.
 */
import fs from 'node:fs';
import path from 'node:path';
import { describeError, type Log } from '@plumb/base';

export type LogRecord = {
  /** Epoch ms. */
  readonly at: number;
  /** A word such as `stdout`. */
  readonly stream: string;
  /** Without its end. */
  readonly line: string;
};

/** Of one file before it is rotated, and how many are kept: with 15 MB a unit, a hundred units fit on any disk. */
export const LOG_FILE_SIZE_BYTES_MAX = 5_000_000;
export const LOG_FILES_MAX = 3;
/** Lines that a slow follower may be behind before the oldest are skipped. */
export const FOLLOW_QUEUE_MAX = 10_000;
/** Read at a time, backwards, by `tail`. */
const TAIL_CHUNK_BYTES = 65_536;

export type LogFileOptions = {
  /** The current file; older ones have `.1`, `.2` behind the name. Its directory is made. */
  readonly file: string;
  readonly log: Log;
  readonly sizeBytesMax?: number;
  readonly filesMax?: number;
};

export type LogFile = Disposable & {
  /** Keeps the record and hands it to the followers. A disk that fails is logged once and costs the records, no more. */
  readonly append: (record: LogRecord) => void;
  /** The last `count` records, oldest first. */
  readonly tail: (count: number) => LogRecord[];
  /**
   * The last `tail` records (default none), then each further one, until `signal` aborts. One who reads too slowly gets
   * a record with the stream `plumb` that says how many were skipped.
   */
  readonly follow: (options: { readonly signal: AbortSignal; readonly tail?: number }) => AsyncIterable<LogRecord>;
};

/** @throws Error of the file system when the file cannot be made. */
export function openLogFile(options: LogFileOptions): LogFile {
  const { file, log, sizeBytesMax = LOG_FILE_SIZE_BYTES_MAX, filesMax = LOG_FILES_MAX } = options;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const followers = new Set<Follower>();
  let descriptor = openForAppend(file);
  let sizeBytes = fs.fstatSync(descriptor).size;
  let isFailing = false;
  let isClosed = false;

  const rotate = (): void => {
    if (filesMax === 1) fs.rmSync(file, { force: true });
    for (let index = filesMax - 2; index >= 0; index -= 1) {
      if (fs.existsSync(numbered(file, index))) fs.renameSync(numbered(file, index), numbered(file, index + 1));
    }
    const full = descriptor;
    descriptor = openForAppend(file);
    sizeBytes = fs.fstatSync(descriptor).size;
    // Last, so that `descriptor` never names a file that is closed, whose number may be somebody else's by then.
    fs.closeSync(full);
  };
  const write = (text: string): void => {
    try {
      if (sizeBytes > 0 && sizeBytes + text.length > sizeBytesMax) rotate();
      sizeBytes += fs.writeSync(descriptor, text);
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn('log-file.write-failed', { file, error: describeError(error) });
      isFailing = true;
    }
  };
  return {
    append: (record) => {
      // A process may print while it is let go of; its descriptor may be somebody else's by then.
      if (isClosed) return;
      write(formatRecord(record));
      for (const follower of followers) follower.offer(record);
    },
    tail: (count) => readTail(file, filesMax, count),
    follow: ({ signal, tail = 0 }) => follow(followers, signal, () => readTail(file, filesMax, tail)),
    [Symbol.dispose]: () => {
      if (!isClosed) fs.closeSync(descriptor);
      isClosed = true;
    },
  };
}

function numbered(file: string, index: number): string {
  return index === 0 ? file : `${file}.${index}`;
}

/** Opens the file at its end, which is made the end of a line: a full disk may have torn the last one. */
function openForAppend(file: string): number {
  const descriptor = fs.openSync(file, 'a+', 0o640);
  const { size } = fs.fstatSync(descriptor);
  const last = Buffer.alloc(1);
  if (size > 0 && fs.readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a)
    fs.writeSync(descriptor, '\n');
  return descriptor;
}

function formatRecord({ at, stream, line }: LogRecord): string {
  return `${new Date(at).toISOString()} ${stream} ${line}\n`;
}

/** Undefined for what is no record: a torn line. */
function parseRecord(text: string): LogRecord | undefined {
  const [, time, stream, line] = /^(\S+Z) (\S+) (.*)$/s.exec(text) ?? [];
  const at = Date.parse(time ?? '');
  if (stream === undefined || line === undefined || Number.isNaN(at)) return undefined;
  return { at, stream, line };
}

function readTail(file: string, filesMax: number, count: number): LogRecord[] {
  const records: LogRecord[] = [];
  for (let index = 0; index < filesMax && records.length < count; index += 1) {
    records.unshift(...readFileTail(numbered(file, index), count - records.length));
  }
  return records;
}

function readFileTail(file: string, count: number): LogRecord[] {
  if (!fs.existsSync(file)) return [];
  const descriptor = fs.openSync(file, 'r');
  try {
    let end = fs.fstatSync(descriptor).size;
    const chunks: Buffer[] = [];
    // One line more than wanted: the first of a chunk may begin in the middle.
    for (let lineCount = 0; end > 0 && lineCount <= count + 1;) {
      const start = Math.max(0, end - TAIL_CHUNK_BYTES);
      const chunk = Buffer.alloc(end - start);
      fs.readSync(descriptor, chunk, 0, chunk.length, start);
      for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) lineCount += 1;
      chunks.unshift(chunk);
      end = start;
    }
    const lines = Buffer.concat(chunks).toString('utf8').split('\n');
    const records = (end > 0 ? lines.slice(1) : lines).map(parseRecord).filter((record) => record !== undefined);
    return count === 0 ? [] : records.slice(-count);
  } finally {
    fs.closeSync(descriptor);
  }
}

type Follower = { readonly offer: (record: LogRecord) => void };

async function* follow(
  followers: Set<Follower>,
  signal: AbortSignal,
  readStart: () => LogRecord[],
): AsyncGenerator<LogRecord> {
  const queue: LogRecord[] = [];
  let skipped = 0;
  let wake = Promise.withResolvers<void>();
  const stop = (): void => wake.resolve();
  const follower: Follower = {
    offer: (record) => {
      queue.push(record);
      if (queue.length > FOLLOW_QUEUE_MAX) {
        queue.shift();
        skipped += 1;
      }
      wake.resolve();
    },
  };
  followers.add(follower);
  signal.addEventListener('abort', stop);
  try {
    yield* readStart();
    while (!signal.aborted) {
      const record = queue[0];
      if (record === undefined) {
        wake = Promise.withResolvers<void>();
        await wake.promise;
      } else if (skipped > 0) {
        const line = `${skipped} lines were skipped: they came faster than they were read`;
        skipped = 0;
        yield { at: record.at, stream: 'plumb', line };
      } else {
        queue.shift();
        yield record;
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    followers.delete(follower);
  }
}
