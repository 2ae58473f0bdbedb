/** Reading of the log's files at the start: every whole record, in order; what is torn or damaged is counted and named. */
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { describeError, type Log, OperatingError } from '@plumb/base';
import { decodePayload, FRAME_HEADER_BYTES, type LogRecord, RECORD_BYTES_MAX } from './log-record.ts';

/** "PLWL" and the version of the format. Version 1 had fewer kinds of records. */
export const LOG_HEADER = Uint8Array.of(0x50, 0x4c, 0x57, 0x4c, 2, 0, 0, 0);
const LOG_HEADER_V1 = Uint8Array.of(0x50, 0x4c, 0x57, 0x4c, 1, 0, 0, 0);

/** A checkpoint of version 1 is a log too. */
export function isLog(file: string): boolean {
  const fd = fs.openSync(file, 'r');
  try {
    const head = Buffer.alloc(4);
    fs.readSync(fd, head, 0, 4, 0);
    return head.equals(LOG_HEADER.subarray(0, 4));
  } finally {
    fs.closeSync(fd);
  }
}

export type FileOutcome = {
  /** Up to the end of the last good record. */
  readonly goodBytes: number;
  /** Frames that were passed over, since a good one follows them. */
  readonly damagedRecordCount: number;
};

/** @throws OperatingError `invalid` for a file that is no log. */
export function replayFile(file: string, visit: (record: LogRecord) => void, log: Log): FileOutcome {
  const bytes = fs.readFileSync(file);
  if (bytes.length < LOG_HEADER.length) return { goodBytes: 0, damagedRecordCount: 0 };
  const head = bytes.subarray(0, LOG_HEADER.length);
  if (!head.equals(LOG_HEADER) && !head.equals(LOG_HEADER_V1)) {
    throw new OperatingError('invalid', `${file} is not a log of this version: move it away to start without it`);
  }
  const { goodBytes, damaged } = replayFrames(bytes, LOG_HEADER.length, visit);
  for (const { offset, reason } of damaged) log.error('tsdb.wal.damaged-record', { file, offset, reason });
  return { goodBytes, damagedRecordCount: damaged.length };
}

export type FramesOutcome = {
  readonly goodBytes: number;
  readonly damaged: readonly { readonly offset: number; readonly reason: string }[];
};

/** Visits the records of `bytes` from `start` up to the last that is whole. Zeros end them too. */
export function replayFrames(bytes: Uint8Array, start: number, visit: (record: LogRecord) => void): FramesOutcome {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged: { readonly offset: number; readonly reason: string }[] = [];
  /** Where a frame ends, whether its checksum is right or not; undefined when it cannot be one. */
  const frameAt = (
    offset: number,
  ): { readonly end: number; readonly payload: Uint8Array; readonly isGood: boolean } | undefined => {
    if (offset + FRAME_HEADER_BYTES > bytes.length) return undefined;
    const length = view.getUint32(offset, true);
    const end = offset + FRAME_HEADER_BYTES + length;
    if (length === 0 || length > RECORD_BYTES_MAX || end > bytes.length) return undefined;
    const payload = bytes.subarray(offset + FRAME_HEADER_BYTES, end);
    return { end, payload, isGood: crc32(payload) === view.getUint32(offset + 4, true) };
  };
  let offset = start;
  for (let frame = frameAt(offset); frame !== undefined; frame = frameAt(offset)) {
    if (frame.isGood) {
      const reason = visited(() => visit(decodePayload(frame.payload)));
      if (reason !== undefined) damaged.push({ offset, reason });
    } else if (frameAt(frame.end)?.isGood === true) {
      damaged.push({ offset, reason: 'wrong checksum' });
    } else {
      break;
    }
    offset = frame.end;
  }
  return { goodBytes: offset, damaged };
}

/** Why a record with the right checksum cannot be used, which a later version's can be. */
function visited(visit: () => void): string | undefined {
  try {
    visit();
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
