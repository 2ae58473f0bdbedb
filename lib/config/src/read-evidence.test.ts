import { OperatingError, silentLog } from '@plumb/base';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { ReadEvidence, reportReads } from './read-evidence.ts';

const MINUTE_MS = 60_000;

function openReporting(evidence: ReadEvidence) {
  const clock = createFakeClock();
  const told: string[][] = [];
  const world = { clock, told, isAway: false, callCount: 0 };
  const tell = async (paths: string[]): Promise<void> => {
    world.callCount += 1;
    if (world.isAway) throw new OperatingError('unavailable', 'away');
    told.push(paths);
  };
  return { ...reportReads(evidence, tell, { clock, log: silentLog }), world };
}

test('what is read is told once, soon after the start, and what is read later within a minute', async () => {
  const evidence = new ReadEvidence();
  const { world, close } = openReporting(evidence);
  for (const path of ['title', 'mail.host', 'title', '']) evidence.note(path);
  await world.clock.advance(5_000);
  expect(world.told).toEqual([['title', 'mail.host', '']]);
  for (const path of ['title', 'absent']) evidence.note(path);
  await world.clock.advance(54_999);
  expect(world.told).toHaveLength(1);
  await world.clock.advance(1);
  expect(world.told[1]).toEqual(['absent']);
  evidence.note('at.last');
  await close();
  expect(world.told[2]).toEqual(['at.last']);
});

test('a path that is read all the time is told once an hour, and one that is listened to counts as read', async () => {
  const subscribed = new Set(['mail']);
  const evidence = new ReadEvidence(() => subscribed);
  const { world } = openReporting(evidence);
  for (let minute = 0; minute < 180; minute += 1) {
    evidence.note('title');
    await world.clock.advance(MINUTE_MS);
  }
  expect(world.told.flat().filter((path) => path === 'title')).toHaveLength(3);
  expect(world.told.flat().filter((path) => path === 'mail')).toHaveLength(3);
  const { callCount } = world;
  subscribed.clear();
  await world.clock.advance(120 * MINUTE_MS);
  expect(world.callCount).toBe(callCount);
});

test('what could not be told is told the next time, in parts that fit', async () => {
  const evidence = new ReadEvidence();
  const { world, close } = openReporting(evidence);
  for (let i = 0; i < 2_500; i += 1) evidence.note(`key.${i}`);
  world.isAway = true;
  await world.clock.advance(5_000);
  expect([world.callCount, world.told]).toEqual([1, []]);
  world.isAway = false;
  await close();
  expect(world.told.map((paths) => paths.length)).toEqual([1_000, 1_000, 500]);
  expect(new Set(world.told.flat()).size).toBe(2_500);
});

test('paths without end are not remembered without end', () => {
  const evidence = new ReadEvidence();
  for (let i = 0; i < 20_000; i += 1) evidence.note(`key.${i}`);
  evidence.note('x'.repeat(201));
  expect(evidence.take(0)).toHaveLength(10_000);
});
