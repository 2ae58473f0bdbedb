// What a damaged directory does: it opens with everything that was acknowledged, or says clearly that it does not.
import fs from 'node:fs/promises';
import path from 'node:path';
import { randomInteger, seededRandom, silentLog, systemClock } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { Kv } from '../src/index.ts';
import { openRocksKv } from '../src/rocks-engine.ts';
import { readHistory } from './read-history.ts';

const KEYS = 20;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

const open = (directory: string): Promise<Kv> => openRocksKv({ directory, clock: systemClock, log: silentLog });

/** A store of `KEYS` keys whose log has all of them, closed. */
async function writeStore(directory: string): Promise<void> {
  await using kv = await open(directory);
  for (let i = 0; i < KEYS; i += 1) {
    await kv.transact([{ kind: 'put', key: `key/${i}`, value: Buffer.alloc(200, i) }]);
  }
}

async function countKeys(directory: string): Promise<number> {
  await using kv = await open(directory);
  return (await kv.list('key/')).entries.length;
}

async function newestFile(directory: string, suffix: string): Promise<string> {
  const names = (await fs.readdir(directory)).filter((name) => name.endsWith(suffix)).sort();
  return path.join(directory, names.at(-1) ?? 'none');
}

test('what a crash leaves at the end of the log is dropped, and everything acknowledged is there', async () => {
  const check = async (tail: (log: Buffer) => Buffer): Promise<void> => {
    await using directory = await openTemporaryDirectory();
    await writeStore(directory.path);
    const log = await newestFile(directory.path, '.log');
    await fs.appendFile(log, tail(await fs.readFile(log)));
    expect(await countKeys(directory.path)).toBe(KEYS);
    // It was repaired: later writes survive too.
    await writeStore(directory.path);
    expect(await countKeys(directory.path)).toBe(KEYS);
  };
  await check((log) => log.subarray(0, 20));
  await check((log) => log.subarray(100, 117));
  await check(() => Buffer.alloc(5_000));
  await check(() => Buffer.alloc(5_000, 0xa5));
  await check(() => Buffer.from([7]));
});

test(`a last write that is torn anywhere is gone as a whole, and all before it is there with its history (SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  await using directory = await openTemporaryDirectory();
  const [store, copy] = [path.join(directory.path, 'store'), path.join(directory.path, 'copy')];
  const sizes: number[] = [];
  await using kv = await open(store);
  await kv.grantLease(86_400_000, { leaseId: 'all' });
  const log = await newestFile(store, '.log');
  for (let i = 0; i < KEYS; i += 1) {
    await kv.transact([
      { kind: 'put', key: 'last', value: Buffer.from(String(i)) },
      { kind: 'put', key: `left/${i}`, value: Buffer.alloc(200, i) },
      { kind: 'put', key: `right/${i}`, value: Buffer.alloc(200, i), leaseId: 'all' },
    ]);
    sizes.push((await fs.stat(log)).size);
  }
  for (let round = 0; round < 20; round += 1) {
    const whole = randomInteger(random, 1, KEYS - 1);
    const cutAt = randomInteger(random, sizes[whole - 1] ?? 0, (sizes[whole] ?? 0) - 1);
    await fs.cp(store, copy, { recursive: true });
    // It says what was acknowledged; here that is what is whole.
    await fs.rm(path.join(copy, 'acknowledged'));
    await fs.truncate(path.join(copy, path.basename(log)), cutAt);
    await using torn = await open(copy);
    const right = (await torn.list('right/')).entries.map(({ key }) => key);
    expect(right.length).toBe(whole);
    expect((await torn.list('left/')).entries.length).toBe(whole);
    expect((await torn.getLease('all'))?.keys).toEqual(right);
    const { changes } = await readHistory(torn, 1);
    expect(changes.map(({ puts }) => puts.map(({ key }) => key))).toEqual(
      Array.from({ length: whole }, (_, index) => ['last', `left/${index}`, `right/${index}`]),
    );
    await fs.rm(copy, { recursive: true });
  }
});

test(`a log that lost acknowledged writes is refused, until someone accepts the loss (SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const check = async (damage: (log: Buffer) => Buffer): Promise<void> => {
    await using directory = await openTemporaryDirectory();
    await writeStore(directory.path);
    const log = await newestFile(directory.path, '.log');
    await fs.writeFile(log, damage(await fs.readFile(log)));
    await expect(open(directory.path)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(
        /lost its last \d+ acknowledged writes.*restore a backup, or delete .*acknowledged/,
      ),
    });
    await fs.rm(path.join(directory.path, 'acknowledged'));
    expect(await countKeys(directory.path)).toBeLessThan(KEYS);
  };
  const flip = (at: number) => (log: Buffer) => {
    log.writeUInt8(log.readUInt8(at) ^ 0x10, at);
    return log;
  };
  await check((log) => log.subarray(0, -1));
  await check(() => Buffer.alloc(0));
  for (let i = 0; i < 5; i += 1) {
    await check((log) => log.subarray(0, randomInteger(random, 0, log.length - 1)));
    await check((log) => flip(randomInteger(random, 0, log.length - 1))(log));
  }
});

test('a damaged table is refused with its name', async () => {
  await using directory = await openTemporaryDirectory();
  await writeStore(directory.path);
  // Opening moves what the log holds into a table.
  expect(await countKeys(directory.path)).toBe(KEYS);
  const table = await newestFile(directory.path, '.sst');
  const bytes = await fs.readFile(table);
  bytes.writeUInt8(bytes.readUInt8(300) ^ 0xff, 300);
  await fs.writeFile(table, bytes);
  await expect(open(directory.path)).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringContaining(path.basename(table)),
  });
});

test('a directory that cannot hold a store is refused with what to do', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'file');
  await fs.writeFile(file, 'text');
  await expect(open(file)).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(file) });
  await expect(open(path.join(file, 'below'))).rejects.toMatchObject({ code: 'invalid' });
  expect(await countKeys(path.join(directory.path, 'made', 'with', 'parents'))).toBe(0);
});
