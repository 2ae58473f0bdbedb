// Goal: a store that is killed at any moment holds every acknowledged write and no half transaction.
// Method: a child process writes and says what was acknowledged; it is killed with SIGKILL after a random number of
// acknowledgements (none: while it opens the store), again and again on the same store.
// CRASH_ROUNDS=1000 runs it longer, SEED=… repeats a run as far as a race can be repeated.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import readline from 'node:readline';
import { type Random, randomInteger, seededRandom, silentLog, systemClock } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { Kv } from '../src/index.ts';
import { openRocksKv } from '../src/rocks-engine.ts';
import { LOG_KEPT, logKey, WRITERS } from './crash-transaction.ts';

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 15);
const ROUND_TIMEOUT_MS = 10_000;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

test(
  `a store killed ${ROUNDS} times holds what it acknowledged, whole (SEED=${seed})`,
  async () => {
    const random = seededRandom(seed);
    await using directory = await openTemporaryDirectory();
    const store = path.join(directory.path, 'store');
    const acknowledged = Array.from({ length: WRITERS }, () => 0);
    for (let round = 0; round < ROUNDS; round += 1) {
      await writeAndKill(store, random, acknowledged);
      await using kv = await openRocksKv({ directory: store, clock: systemClock, log: silentLog });
      for (let writer = 0; writer < WRITERS; writer += 1) await checkWriter(kv, writer, acknowledged);
    }
    expect(Math.min(...acknowledged)).toBeGreaterThan(0);
  },
  ROUNDS * ROUND_TIMEOUT_MS,
);

/** Raises `acknowledged` to what the child acknowledged before it died. */
async function writeAndKill(store: string, random: Random, acknowledged: number[]): Promise<void> {
  // A third die while they open the store or begin to write.
  const linesMax = random.float() < 0.3 ? randomInteger(random, 1, 5) : randomInteger(random, 6, 2_000);
  const program = path.join(import.meta.dirname, 'crash-writer.ts');
  const child = spawn(process.execPath, [program, store, String(randomInteger(random, 0, 2 ** 31))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let lines = 0;
    for await (const line of readline.createInterface({ input: child.stdout })) {
      const [writer, number] = line.split(' ').map(Number);
      if (number !== undefined && writer !== undefined) acknowledged[writer] = number;
      lines += 1;
      // What is still in the pipe is read after this, to the end.
      if (lines === linesMax) child.kill('SIGKILL');
    }
  } finally {
    await ended(child);
  }
  expect(child.signalCode).toBe('SIGKILL');
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function checkWriter(kv: Kv, writer: number, acknowledged: number[]): Promise<void> {
  const last = acknowledged[writer] ?? 0;
  const left = await readNumber(kv, `left/${writer}`);
  expect(await readNumber(kv, `right/${writer}`)).toBe(left);
  // One write of each writer can be on disk without having been acknowledged.
  expect(left - last).toBeGreaterThanOrEqual(0);
  expect(left - last).toBeLessThanOrEqual(1);
  const { entries } = await kv.list(`log/${writer}/`);
  const kept = Math.min(LOG_KEPT, left);
  expect(entries.map(({ key }) => key)).toEqual(
    Array.from({ length: kept }, (_, index) => logKey(writer, left - kept + 1 + index)),
  );
  acknowledged[writer] = left;
}

async function readNumber(kv: Kv, key: string): Promise<number> {
  const entry = await kv.get(key);
  return entry === undefined ? 0 : Number(Buffer.from(entry.value).toString());
}
