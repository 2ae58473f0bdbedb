import { sleep } from '@plumb/base';
import { expect, test } from 'vitest';
import { createFakeClock } from './index.ts';

test('timers run in order of time as the clock is moved, each at its own time', async () => {
  const clock = createFakeClock(0);
  const ran: string[] = [];
  clock.after(20, () => ran.push(`late at ${clock.now()}`));
  using periodic = clock.every(10, () => ran.push(`every at ${clock.now()}`));
  clock.after(5, () => ran.push(`early at ${clock.now()}`)).cancel();
  await clock.advance(25);
  expect(ran).toEqual(['every at 10', 'late at 20', 'every at 20']);
  periodic.cancel();
  await clock.advance(100);
  expect(ran).toHaveLength(3);
  expect(clock.now()).toBe(125);
});

test('code that sleeps on the clock goes on within the advance that wakes it', async () => {
  const clock = createFakeClock(0);
  const woke: number[] = [];
  const loop = async (): Promise<void> => {
    for (let i = 0; i < 3; i += 1) {
      await sleep(clock, 10);
      woke.push(clock.now());
    }
  };
  const done = loop();
  await clock.advance(30);
  await done;
  expect(woke).toEqual([10, 20, 30]);
});
