import type { OperatingError } from '@plumb/base';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { Heartbeat } from './heartbeat.ts';

type Case = { clock: FakeClock; beat: Heartbeat; pings: number[]; lost: OperatingError[]; reading: { now: boolean } };

function start(): Case {
  const clock = createFakeClock();
  const pings: number[] = [];
  const lost: OperatingError[] = [];
  const reading = { now: true };
  const beat = new Heartbeat({
    clock,
    intervalMs: 100,
    timeoutMs: 300,
    ttlMs: 500,
    sendCommand: (body) => pings.push(body.readUInt16BE(5)),
    isReading: () => reading.now,
    onSilence: (reason) => lost.push(reason),
  });
  return { clock, beat, pings, lost, reading };
}

test('a peer that answers is asked every interval, with our time to live in tenths of a second', async () => {
  const { clock, beat, pings, lost } = start();
  for (let i = 0; i < 10; i += 1) {
    await clock.advance(100);
    beat.heard();
  }
  expect(pings).toEqual(Array(10).fill(5));
  expect(lost).toEqual([]);
  beat[Symbol.dispose]();
});

test('a silent peer is asked once and given up after the time-out', async () => {
  const { clock, pings, lost } = start();
  await clock.advance(299);
  expect(lost).toEqual([]);
  await clock.advance(1);
  expect(lost.map(({ message }) => message)).toEqual(['the peer was silent for 300 ms']);
  expect(pings).toHaveLength(1);
});

test('a peer that we do not read is not called silent', async () => {
  const { clock, lost, reading } = start();
  reading.now = false;
  await clock.advance(1_000);
  expect(lost).toEqual([]);
  reading.now = true;
  await clock.advance(1_000);
  expect(lost).toHaveLength(1);
});

test("a peer's time to live holds from its last sound, until it asks otherwise", async () => {
  const { clock, beat, lost } = start();
  beat.expireAfter(50);
  await clock.advance(40);
  beat.heard();
  await clock.advance(40);
  expect(lost).toEqual([]);
  beat.expireAfter(0);
  await clock.advance(100);
  expect(lost).toEqual([]);
  beat.heard();
  beat.expireAfter(50);
  await clock.advance(50);
  expect(lost).toHaveLength(1);
});
