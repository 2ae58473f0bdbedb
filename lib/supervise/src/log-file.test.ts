import fs from 'node:fs';
import path from 'node:path';
import { createLog, silentLog } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { FOLLOW_QUEUE_MAX, type LogFile, type LogRecord, openLogFile } from './log-file.ts';

const record = (index: number): LogRecord => ({
  at: 1_760_000_000_000 + index,
  stream: 'stdout',
  line: `line ${index}`,
});
const records = (from: number, to: number): LogRecord[] =>
  Array.from({ length: to - from }, (_, index) => record(from + index));

function appendAll(log: LogFile, from: number, to: number): void {
  for (const one of records(from, to)) log.append(one);
}

test('what was appended is read back, the last lines first of all, after a reopening too', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'app', 'web.log');
  {
    using log = openLogFile({ file, log: silentLog });
    appendAll(log, 0, 3_000);
    expect(log.tail(2)).toEqual(records(2_998, 3_000));
    expect(log.tail(0)).toEqual([]);
  }
  using log = openLogFile({ file, log: silentLog });
  log.append({ at: 5, stream: 'stderr', line: ' ünder 2026-01-01T00:00:00.000Z x ' });
  expect(log.tail(1)).toEqual([{ at: 5, stream: 'stderr', line: ' ünder 2026-01-01T00:00:00.000Z x ' }]);
  expect(log.tail(5_000)).toHaveLength(3_001);
  expect(fs.readFileSync(file, 'utf8').split('\n')[0]).toBe('2025-10-09T08:53:20.000Z stdout line 0');
});

test('full files are rotated, and the oldest goes', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'web.log');
  using log = openLogFile({ file, log: silentLog, sizeBytesMax: 1_000, filesMax: 3 });
  appendAll(log, 0, 200);
  expect(fs.readdirSync(directory.path).sort()).toEqual(['web.log', 'web.log.1', 'web.log.2']);
  for (const name of fs.readdirSync(directory.path)) {
    expect(fs.statSync(path.join(directory.path, name)).size).toBeLessThanOrEqual(1_000);
  }
  const kept = log.tail(5_000);
  expect(kept.length).toBeGreaterThan(40);
  expect(kept).toEqual(records(200 - kept.length, 200));
  expect(log.tail(30)).toEqual(records(170, 200));
});

test('a torn last line costs only itself', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'web.log');
  fs.writeFileSync(file, '2026-01-01T00:00:00.000Z stdout whole\n2026-01-01T00:0');
  using log = openLogFile({ file, log: silentLog });
  log.append(record(1));
  expect(log.tail(10).map(({ line }) => line)).toEqual(['whole', 'line 1']);
});

test('a disk that fails is logged once and throws nothing', async () => {
  await using directory = await openTemporaryDirectory();
  const events: string[] = [];
  const log = createLog((_, event) => events.push(event));
  using full = openLogFile({ file: path.join(directory.path, 'web.log'), log, sizeBytesMax: 60 });
  full.append(record(1));
  // Rotation cannot rename over a directory that is not empty.
  fs.mkdirSync(path.join(directory.path, 'web.log.1', 'x'), { recursive: true });
  fs.mkdirSync(path.join(directory.path, 'web.log.2', 'x'), { recursive: true });
  appendAll(full, 2, 6);
  expect(events).toEqual(['log-file.write-failed']);
  fs.rmSync(path.join(directory.path, 'web.log.2'), { recursive: true });
  full.append(record(7));
  expect(full.tail(1)).toEqual([record(7)]);
});

test('a follower gets the tail and then each line, without gap or double', async () => {
  await using directory = await openTemporaryDirectory();
  using log = openLogFile({ file: path.join(directory.path, 'web.log'), log: silentLog });
  appendAll(log, 0, 10);
  const stop = new AbortController();
  const got: LogRecord[] = [];
  const reading = (async () => {
    for await (const one of log.follow({ signal: stop.signal, tail: 3 })) {
      got.push(one);
      if (one.line === 'line 11') log.append(record(12));
      if (one.line === 'line 12') stop.abort();
    }
  })();
  appendAll(log, 10, 12);
  await reading;
  expect(got).toEqual(records(7, 13));
});

test('a slow follower is told how much it missed', async () => {
  await using directory = await openTemporaryDirectory();
  using log = openLogFile({ file: path.join(directory.path, 'web.log'), log: silentLog });
  const stop = new AbortController();
  const reader = log.follow({ signal: stop.signal })[Symbol.asyncIterator]();
  const first = reader.next();
  appendAll(log, 0, FOLLOW_QUEUE_MAX + 6);
  expect((await first).value).toMatchObject({
    stream: 'plumb',
    line: '6 lines were skipped: they came faster than they were read',
  });
  expect((await reader.next()).value).toEqual(record(6));
  stop.abort();
});
