// Goal: `kill -9` at any moment loses nothing that was acknowledged, and leaves a database that opens and goes on.
// Method: a child appends and prints what was acknowledged; it is killed at a random moment; the next child goes on where
// that one ended; in the end every acknowledged sample must be there, once.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { seededRandom, silentLog, systemClock } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { openTsdb } from '../src/index.ts';

/** A few in `npm test`, a thousand in `npm run test:soak`, which sets FUZZ_SECONDS. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? (process.env['FUZZ_SECONDS'] === undefined ? 6 : 1_000));
/** A round is two starts of Node.js and half a second of writing, on a busy machine. */
const ROUND_MS_MAX = 10_000;
const START = 1_760_000_040_000;

test(
  'kill -9 loses no acknowledged sample, whenever it comes',
  async () => {
    await using directory = await openTemporaryDirectory();
    const seed = Number(process.env['SEED'] ?? 20_261_121);
    const random = seededRandom(seed);
    const acknowledged: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      // One number may be on the disk without having been acknowledged: begin behind it.
      const first = acknowledged.length === 0 ? 0 : (acknowledged.at(-1) as number) + 2;
      acknowledged.push(...(await writeUntilKilled(directory.path, first, 20 + Math.floor(random.float() * 300))));
    }
    const clock = { ...systemClock, now: () => START + 1e9 };
    await using tsdb = await openTsdb({
      directory: directory.path,
      clock,
      log: silentLog,
      retentionMs: 1e12,
      blockPeriodMs: 60_000,
    });
    for (const name of ['a', 'b', 'c', 'd']) {
      const [series] = tsdb.select([{ name: '__name__', op: '=', value: name }], -Infinity, Infinity);
      const found = Array.from(series?.times ?? [], (at) => (at - START) / 1_000);
      expect(new Set(found).size, `seed ${seed}`).toBe(found.length);
      const known = new Set(found);
      const lost = acknowledged.filter((number) => !known.has(name === 'd' ? number ^ 1 : number));
      expect(lost, `seed ${seed}, series ${name}`).toEqual([]);
      expect(found.length - acknowledged.length).toBeLessThanOrEqual(ROUNDS);
      series?.values.forEach((value, i) => expect(value).toBe((found[i] as number) / 10));
    }
    expect(acknowledged.length).toBeGreaterThan(ROUNDS * 10);
    const { blockCount, damagedBlockCount, damagedChunkCount } = tsdb.stats();
    expect({ damagedBlockCount, damagedChunkCount }).toEqual({ damagedBlockCount: 0, damagedChunkCount: 0 });
    expect(blockCount).toBeGreaterThan(0);
  },
  ROUNDS * ROUND_MS_MAX + 60_000,
);

/** Runs a writer until it has acknowledged `count` numbers, kills it, and returns all that it acknowledged. */
async function writeUntilKilled(directory: string, first: number, count: number): Promise<number[]> {
  const writer = path.join(import.meta.dirname, 'crash-writer.ts');
  const child = spawn(process.execPath, [writer, directory, String(START), String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const numbers: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    expect(line).not.toBe('refused');
    if (line === 'ready') continue;
    numbers.push(Number(line));
    if (numbers.length === count) child.kill('SIGKILL');
  }
  await exited;
  expect(child.signalCode).toBe('SIGKILL');
  return numbers;
}
