import { OperatingError, seededRandom } from '@plumb/base';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { follow, resubscribe } from './resubscribe.ts';

const random = seededRandom(1);

/** Streams that each yield one number and then end as `ends` says, by turns. */
function createStreams(ends: readonly (Error | undefined)[]): {
  open: () => AsyncIterable<number>;
  count: () => number;
} {
  let count = 0;
  return {
    count: () => count,
    async *open() {
      const end = ends[count];
      count += 1;
      yield count;
      if (end !== undefined) throw end;
    },
  };
}

test('a stream that ends with an error that a retry cures is opened again', async () => {
  const clock = createFakeClock();
  const lost = new OperatingError('unavailable', 'lost');
  const { open } = createStreams([lost, lost, undefined]);
  const reading = Array.fromAsync(resubscribe(open, { clock, random, signal: new AbortController().signal }));
  await clock.advance(1_000);
  expect(await reading).toEqual([1, 2, 3]);
});

test('any other error is thrown', async () => {
  const clock = createFakeClock();
  const signal = new AbortController().signal;
  for (const error of [new OperatingError('denied', 'no'), new TypeError('a bug')]) {
    const { open, count } = createStreams([error]);
    await expect(Array.fromAsync(resubscribe(open, { clock, random, signal }))).rejects.toBe(error);
    expect(count()).toBe(1);
  }
});

test('what is followed goes on after a good end, a refusal, a bug of the service and one of its reader', async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const { open } = createStreams([undefined, new OperatingError('denied', 'no'), new TypeError('a bug')]);
  const seen: number[] = [];
  const apply = (item: number): void => {
    seen.push(item);
    if (item === 4) throw new TypeError('a bug');
  };
  const following = follow(open, apply, { clock, random, signal: stop.signal });
  await clock.advance(2_000);
  expect(seen.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
  stop.abort();
  await following;
});

test('a service that stays away is asked ever less often, and abort ends it', async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  let openCount = 0;
  // oxlint-disable-next-line require-yield -- it fails before its first item.
  const open = async function* (): AsyncGenerator<number> {
    openCount += 1;
    throw new OperatingError('unavailable', 'away');
  };
  const reading = Array.fromAsync(resubscribe(open, { clock, random, signal: stop.signal }));
  await clock.advance(60_000);
  expect(openCount).toBeGreaterThan(14);
  expect(openCount).toBeLessThan(30);
  stop.abort();
  expect(await reading).toEqual([]);
});

test('leaving it closes the stream that is open', async () => {
  let isClosed = false;
  const open = async function* (): AsyncGenerator<number> {
    try {
      yield 1;
      yield 2;
    } finally {
      isClosed = true;
    }
  };
  const signal = new AbortController().signal;
  for await (const _item of resubscribe(open, { clock: createFakeClock(), random, signal })) break;
  expect(isClosed).toBe(true);
});
