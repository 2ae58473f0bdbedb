// Goal: a store that is killed at any moment holds every acknowledged write and no half transaction, in its state, in its
// leases and in its history.
// Method: a child process writes and says what was acknowledged; it is killed with SIGKILL after a random number of
// acknowledgements (none: while it opens the store), again and again on the same store. A watch from a random
// acknowledged revision must then give exactly what was acknowledged, in order, and at most one more change a writer.
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
import {
  describeChange,
  LEASE_KEPT,
  LOG_KEPT,
  leasedKeys,
  leaseOf,
  logKey,
  numberOf,
  WRITERS,
} from './crash-transaction.ts';
import { readHistory } from './read-history.ts';

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 10);
const ROUND_TIMEOUT_MS = 10_000;
/** Of what is compacted, so that watches from there are tried too. */
const KEPT_REVISIONS = 1_000;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** What was said, and what was found: it must still be there next time. */
type Told = {
  /** The last number of each writer, and of the last lease that it ended. */
  readonly numbers: number[];
  readonly ended: number[];
  /** What `describeChange` says of each revision. */
  readonly changes: Map<number, string>;
};

test(
  `a store killed ${ROUNDS} times holds what it acknowledged, whole, and its history (SEED=${seed})`,
  async () => {
    const random = seededRandom(seed);
    await using directory = await openTemporaryDirectory();
    const store = path.join(directory.path, 'store');
    const none = Array.from({ length: WRITERS }, () => 0);
    const told: Told = { numbers: [...none], ended: [...none], changes: new Map() };
    let watchedCount = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const revisionBefore = Math.max(0, ...told.changes.keys());
      await writeAndKill(store, random, told);
      await using kv = await openRocksKv({ directory: store, clock: systemClock, log: silentLog });
      watchedCount += await checkHistory(kv, random, told, revisionBefore);
      for (let writer = 0; writer < WRITERS; writer += 1) await checkWriter(kv, writer, told);
      expect((await kv.list('wrong/')).entries).toEqual([]);
    }
    expect(Math.min(...told.numbers)).toBeGreaterThan(0);
    expect(watchedCount).toBeGreaterThan(0);
  },
  ROUNDS * ROUND_TIMEOUT_MS,
);

/** Adds to `told` what the child acknowledged before it died. */
async function writeAndKill(store: string, random: Random, told: Told): Promise<void> {
  // A third die while they open the store or begin to write.
  const linesMax = random.float() < 0.3 ? randomInteger(random, 1, 5) : randomInteger(random, 6, 2_000);
  const program = path.join(import.meta.dirname, 'crash-writer.ts');
  const child = spawn(process.execPath, [program, store, String(randomInteger(random, 0, 2 ** 31))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let lines = 0;
    for await (const line of readline.createInterface({ input: child.stdout })) {
      hear(line, told);
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

function hear(line: string, { numbers, ended, changes }: Told): void {
  const [revision = '', writer = '', what, number = what] = line.split(' ');
  if (what === 'end') ended[Number(writer)] = Number(number);
  if (what === undefined || what === 'end') return;
  numbers[Number(writer)] = Number(number);
  changes.set(Number(revision), `${writer} ${number}`);
}

/** Returns how many changes it saw, and adds them to `told`. */
async function checkHistory(kv: Kv, random: Random, told: Told, revisionBefore: number): Promise<number> {
  const acknowledged = [...told.changes.keys()];
  if (acknowledged.length === 0) return 0;
  expect(kv.revision()).toBeGreaterThanOrEqual(Math.max(...acknowledged));
  const fromRevision = acknowledged[randomInteger(random, 0, acknowledged.length - 1)] ?? 0;
  const first = await readHistory(kv, fromRevision);
  const oldestRevision = first.oldestRevision ?? fromRevision;
  const { changes } = first.oldestRevision === undefined ? first : await readHistory(kv, oldestRevision);
  expect(changes.map(({ revision }) => revision)).toEqual(
    Array.from({ length: kv.revision() - oldestRevision + 1 }, (_, index) => oldestRevision + index),
  );

  const unknownPerWriter = new Map<string, number>();
  for (const change of changes) {
    const description = describeChange(change);
    const [writer = '', what] = description.split(' ');
    const known = told.changes.get(change.revision);
    if (known !== undefined) expect(description).toBe(known);
    else if (what !== 'end') {
      expect(change.revision).toBeGreaterThan(revisionBefore);
      unknownPerWriter.set(writer, (unknownPerWriter.get(writer) ?? 0) + 1);
    }
    told.changes.set(change.revision, description);
  }
  for (const count of unknownPerWriter.values()) expect(count).toBe(1);
  // What is compacted is compacted for good, and a thousand rounds have a million changes.
  for (const revision of acknowledged) if (revision < oldestRevision - KEPT_REVISIONS) told.changes.delete(revision);
  return changes.length;
}

async function checkWriter(kv: Kv, writer: number, told: Told): Promise<void> {
  const last = told.numbers[writer] ?? 0;
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
  await checkLease(kv, writer, left, told.ended[writer] ?? 0);
  told.numbers[writer] = left;
}

/** After `number`, its lease is there with both its keys, or has ended with both, if it is the last number of it. */
async function checkLease(kv: Kv, writer: number, number: number, ended: number): Promise<void> {
  const leaseIds = (await kv.listLeases()).filter((leaseId) => leaseId.startsWith(`${writer}-`));
  const keys = (await kv.list(`leased/${writer}/`)).entries;
  const lease = number === 0 ? undefined : await kv.getLease(leaseOf(writer, number));
  if (lease === undefined) {
    expect(number % LEASE_KEPT).toBe(0);
    expect(keys).toEqual([]);
    expect(leaseIds.filter((leaseId) => leaseId !== leaseOf(writer, number + 1))).toEqual([]);
    return;
  }
  expect(ended).not.toBe(number);
  expect(leaseIds).toEqual([lease.leaseId]);
  expect(lease.keys).toEqual(leasedKeys(writer));
  expect(keys.map((entry) => [entry.leaseId, numberOf(entry)])).toEqual(keys.map(() => [lease.leaseId, number]));
}

async function readNumber(kv: Kv, key: string): Promise<number> {
  const entry = await kv.get(key);
  return entry === undefined ? 0 : numberOf(entry);
}
