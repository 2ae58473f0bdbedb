import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { BatchReader } from './batch-reader.ts';

type Source = AsyncIterator<unknown, undefined> & {
  readonly push: (...items: unknown[]) => void;
  readonly end: (error?: unknown) => void;
  isLeft: boolean;
};

/** A stream of which the test decides when items are there, as a `StreamReader` has them. */
function createSource(): Source {
  const ready: (() => Promise<IteratorResult<unknown, undefined>>)[] = [];
  let wake = Promise.withResolvers<void>();
  const add = (next: () => Promise<IteratorResult<unknown, undefined>>): void => {
    ready.push(next);
    wake.resolve();
  };
  const source: Source = {
    isLeft: false,
    push: (...items) => items.forEach((value) => add(() => Promise.resolve({ done: false, value }))),
    end: (error) =>
      add(() => (error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error))),
    next() {
      const next = ready.shift();
      if (next !== undefined) return next();
      wake = Promise.withResolvers();
      return wake.promise.then(() => source.next());
    },
    async return() {
      source.isLeft = true;
      return { done: true, value: undefined };
    },
  };
  return source;
}

test('a batch is what is here, and waits for one item where nothing is', async () => {
  const source = createSource();
  const reader = new BatchReader(source, createFakeClock());
  source.push(1, 2, 3);
  expect(await reader.read(1_000)).toEqual({ items: [1, 2, 3], isEnd: false });
  const waiting = reader.read(1_000);
  source.push(4);
  expect(await waiting).toEqual({ items: [4], isEnd: false });
  source.push(5);
  source.end();
  expect(await reader.read(1_000)).toEqual({ items: [5], isEnd: true });
});

test('a batch has at most 512 items and 1 MiB', async () => {
  const source = createSource();
  const reader = new BatchReader(source, createFakeClock());
  source.push(...Array(1_000).keys());
  expect((await reader.read(1_000)).items).toHaveLength(512);
  expect((await reader.read(1_000)).items).toHaveLength(488);
  source.push(...Array<string>(12).fill('x'.repeat(2 ** 17)));
  expect((await reader.read(1_000)).items).toHaveLength(8);
  expect((await reader.read(1_000)).items).toHaveLength(4);
});

test('an error comes after the items before it', async () => {
  const source = createSource();
  const reader = new BatchReader(source, createFakeClock());
  source.push(1);
  source.end(new Error('why'));
  expect(await reader.read(1_000)).toEqual({ items: [1], isEnd: false });
  await expect(reader.read(1_000)).rejects.toThrow('why');
});

test('an item that does not come in time is a deadline', async () => {
  const clock = createFakeClock();
  const source = createSource();
  const reader = new BatchReader(source, clock);
  source.push(1);
  await reader.read(1_000);
  const late = reader.read(1_000).catch((error: unknown) => error);
  await clock.advance(1_000);
  expect(await late).toMatchObject({ code: 'deadline', message: 'no item of the stream came within 1000 ms' });
  reader.leave();
  expect(source.isLeft).toBe(true);
});
