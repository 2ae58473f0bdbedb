import { expect, test } from 'vitest';
import { QueryGate, QUERIES_RUNNING_MAX, QUERIES_WAITING_MAX } from './query-gate.ts';

const never = new AbortController().signal;

test('queries run a few at a time, in order, and a cancelled one gives its place up', async () => {
  const gate = new QueryGate();
  const ends: (() => void)[] = [];
  const started: number[] = [];
  const ask = (name: number, signal = never): Promise<void> =>
    gate.run(signal, () => {
      started.push(name);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      return promise;
    });
  const cancel = new AbortController();
  const running = Array.from({ length: QUERIES_RUNNING_MAX }, (_, name) => ask(name));
  const cancelled = ask(100, cancel.signal);
  const later = [ask(101), ask(102)];
  await Promise.resolve();
  expect(started).toHaveLength(QUERIES_RUNNING_MAX);
  cancel.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'deadline' });
  for (let i = 0; i < QUERIES_RUNNING_MAX + 2; i += 1) {
    ends[i]?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all([...running, ...later]);
  expect(started.slice(-2)).toEqual([101, 102]);
});

test('a query that fails frees its place, and beyond the bound a query is refused', async () => {
  const gate = new QueryGate();
  for (let i = 0; i < QUERIES_RUNNING_MAX * 2; i += 1) {
    await expect(gate.run(never, () => Promise.reject(new Error('bad')))).rejects.toThrow('bad');
  }
  const stop = new AbortController();
  const all = Array.from({ length: QUERIES_RUNNING_MAX + QUERIES_WAITING_MAX }, () =>
    gate.run(stop.signal, () => new Promise((resolve) => stop.signal.addEventListener('abort', resolve))),
  );
  await expect(gate.run(never, async () => 1)).rejects.toMatchObject({ code: 'exhausted' });
  stop.abort();
  await Promise.allSettled(all);
  expect(await gate.run(never, async () => 1)).toBe(1);
});
