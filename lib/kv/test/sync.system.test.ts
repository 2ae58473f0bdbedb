// Goal: nothing is acknowledged before it is on disk, also where RocksDB begins another log file or the disk fails.
// Method: the system calls of a real process, in their order, as strace sees them, or with an error that it puts in.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { silentLog, systemClock } from '@plumb/base';
import { hasRequirement, openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { openRocksKv } from '../src/rocks-engine.ts';

const WRITES = 30;

/** There is a strace, and it may trace: containers often have that forbidden. */
function canTrace(): boolean {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

const program = path.join(import.meta.dirname, 'sync-writer.ts');

if (hasRequirement('strace', 'install it with "apt-get install strace", and allow ptrace', canTrace())) {
  test('each acknowledgement comes after the sync of the log that has its write, and of the directory', async () => {
    await using directory = await openTemporaryDirectory();
    const trace = path.join(directory.path, 'trace');
    const store = path.join(directory.path, 'store');
    const calls = ['write', 'writev', 'pwrite64', 'fsync', 'fdatasync'].join(',');
    // `-y` prints the file behind each descriptor, `-s` enough of a write to see its key.
    const words = ['-f', '-y', '-s', '200', '-e', `trace=${calls}`, '-o', trace, process.execPath, program, store];
    execFileSync('strace', [...words, String(WRITES)], { stdio: ['ignore', 'pipe', 'inherit'] });

    const unsynced = new Set<string>();
    const logs = new Map<number, string>();
    const written = new Set<string>();
    let named = new Set<string>();
    let acknowledged = 0;
    for (const line of finishedCalls(await fs.readFile(trace, 'utf8'))) {
      const [, call = '', file = ''] = /(\w+)\(\d+<([^>]*)>/.exec(line) ?? [];
      if (call.includes('write') && file.endsWith('.log')) {
        unsynced.add(file);
        written.add(file);
        const number = /write-(\d+)-end/.exec(line)?.[1];
        if (number !== undefined) logs.set(Number(number), file);
      } else if (call.endsWith('sync')) {
        unsynced.delete(file);
        if (file === store) named = new Set(written);
      }
      const number = /"acknowledged (\d+)/.exec(line)?.[1];
      if (number === undefined) continue;
      acknowledged += 1;
      expect([...unsynced], `unsynced at acknowledgement ${number}`).toEqual([]);
      expect(named, `directory at acknowledgement ${number}`).toContain(logs.get(Number(number)));
    }
    expect(acknowledged).toBe(WRITES);
    expect(new Set(logs.values()).size).toBeGreaterThan(1);
  });

  test('a sync that fails refuses its write, the log is not trusted further, and the store goes on', async () => {
    await using directory = await openTemporaryDirectory();
    const store = path.join(directory.path, 'store');
    // The first log of a store; its first sync is that of the format, and strace counts the calls of each thread.
    const injection = ['-P', path.join(store, '000004.log'), '-e', 'inject=fdatasync:error=EIO:when=3'];
    const words = [
      '-f',
      '-o',
      '/dev/null',
      '-e',
      'trace=fdatasync',
      ...injection,
      process.execPath,
      program,
      store,
      '4',
    ];
    const stdout = execFileSync('strace', words, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    });
    expect(String(stdout).trim().split('\n')).toEqual([
      'kv.open',
      'acknowledged 0',
      'kv.write-failed',
      'refused 1 unavailable',
      'kv.reopen',
      'acknowledged 2',
      'acknowledged 3',
    ]);
    await using kv = await openRocksKv({ directory: store, clock: systemClock, log: silentLog });
    expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(['write-0-end', 'write-2-end', 'write-3-end']);
    expect(kv.revision()).toBe(3);
  });
}

/** One line a call, where it ended: strace splits a call that another thread's interrupts. */
function* finishedCalls(trace: string): Generator<string> {
  const begun = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const [thread = ''] = line.split(' ', 1);
    if (line.includes('<unfinished ...>')) {
      begun.set(thread, line);
      // A write counts from its beginning: the worse case.
      if (line.includes('write')) yield line;
    } else if (line.includes(' resumed>')) {
      const start = begun.get(thread) ?? '';
      if (!start.includes('write')) yield start;
    } else {
      yield line;
    }
  }
}
