import { silentLog } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { openReadEvidence } from './read-evidence.ts';
import { HOUR_MS, ReadLog } from './read-log.ts';

const HOUR = 1_000 * HOUR_MS;

test('a key is read by who reads it, an object that it is in, or everything, and each is named', () => {
  const log = new ReadLog();
  log.note({ instance: 'a', component: 'web', paths: ['mail.host', ''] }, HOUR);
  log.note({ instance: 'b', paths: ['mail'] }, HOUR + HOUR_MS);
  log.note({ instance: 'c', paths: ['mail.hostname', 'ma', 'mail.host.x'] }, HOUR);
  const found = log
    .readingsOf('mail.host')
    .map(({ path, reads }) => [path, reads.readers.map(({ instance }) => instance)]);
  expect(found).toEqual([
    ['mail.host', ['a']],
    ['mail', ['b']],
    ['', ['a']],
  ]);
});

test('reading everything at once makes no key a used one', () => {
  const log = new ReadLog();
  log.note({ instance: 'a', paths: [''] }, HOUR);
  expect(log.lastReadAt('title')).toBeUndefined();
  log.note({ instance: 'a', paths: ['mail'] }, HOUR + HOUR_MS + 5);
  expect(log.lastReadAt('mail.host')).toBe(HOUR + HOUR_MS + 5);
  expect(log.lastReadAt('mails')).toBeUndefined();
});

test('what was seen within the hour is no news, and a clock that goes back takes nothing back', () => {
  const log = new ReadLog();
  expect(log.note({ instance: 'a', paths: ['x', 'x'] }, HOUR)).toEqual(['x']);
  expect(log.note({ instance: 'a', paths: ['x'] }, HOUR + HOUR_MS - 1)).toEqual([]);
  expect(log.note({ instance: 'a', paths: ['x'] }, HOUR + HOUR_MS)).toEqual(['x']);
  expect(log.note({ instance: 'a', paths: ['x'] }, HOUR)).toEqual([]);
  expect(log.get('x')).toMatchObject({ firstAt: HOUR, lastAt: HOUR + HOUR_MS, readers: [{ firstAt: HOUR }] });
});

test('the last fifty readers of a path are kept, and the path unseen longest makes room for another', () => {
  const log = new ReadLog();
  for (let i = 0; i < 60; i += 1) log.note({ instance: `i${i}`, paths: ['x'] }, HOUR + i * HOUR_MS);
  const { readers = [], firstAt } = log.get('x') ?? {};
  expect([readers.length, readers[0]?.instance, readers.at(-1)?.instance, firstAt]).toEqual([50, 'i59', 'i10', HOUR]);
  const later = HOUR + 100 * HOUR_MS;
  for (let i = 0; i < 20; i += 1) {
    log.note({ instance: 'a', paths: Array.from({ length: 1_000 }, (_, n) => `k${i}-${n}`) }, later);
  }
  expect(log.get('x')).toBeUndefined();
  expect(log.get('k0-0')).toBeDefined();
});

test('evidence survives a restart, and is written once however often it is told', async () => {
  const clock = createFakeClock(HOUR);
  await using kv = await openMemoryKv({ clock });
  const news: string[] = [];
  const open = (): ReturnType<typeof openReadEvidence> =>
    openReadEvidence({ kv, clock, log: silentLog }, (application) => news.push(application));
  {
    await using evidence = await open();
    for (let i = 0; i < 100; i += 1)
      evidence.note('shop', { instance: 'a', release: 'r1', paths: ['title', 'mail.host'] });
    await clock.advance(10_000);
    expect(kv.revision()).toBe(1);
    evidence.note('shop', { instance: 'b', paths: ['title'] });
  }
  expect(news).toEqual(['shop', 'shop']);
  await using evidence = await open();
  expect(evidence.of('shop').get('title')?.readers).toEqual([
    { instance: 'b', firstAt: HOUR + 10_000, lastAt: HOUR + 10_000 },
    { instance: 'a', release: 'r1', firstAt: HOUR, lastAt: HOUR },
  ]);
  expect(evidence.of('other').get('title')).toBeUndefined();
});

test('evidence with the longest names of readers is written in parts that fit', async () => {
  const clock = createFakeClock(HOUR);
  await using kv = await openMemoryKv({ clock });
  const open = (): ReturnType<typeof openReadEvidence> =>
    openReadEvidence({ kv, clock, log: silentLog }, () => undefined);
  const paths = Array.from({ length: 250 }, (_, n) => `key-${n}`);
  {
    await using evidence = await open();
    const long = 'é'.repeat(500);
    for (let i = 10; i < 60; i += 1) evidence.note('shop', { instance: `${long}${i}`, component: long, paths });
  }
  await using evidence = await open();
  expect(paths.filter((path) => evidence.of('shop').get(path)?.readers.length !== 50)).toEqual([]);
  expect(kv.revision()).toBeGreaterThan(1);
});
