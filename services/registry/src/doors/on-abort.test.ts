import { expect, test } from 'vitest';
import { onAbort } from './on-abort.ts';

test('each callback is called once, the same one for each time it waits, and not after it was disposed', () => {
  const stop = new AbortController();
  const called: string[] = [];
  const first = (): void => void called.push('first');
  onAbort(stop.signal, first);
  onAbort(stop.signal, first);
  const gone = onAbort(stop.signal, () => called.push('gone'));
  gone[Symbol.dispose]();
  gone[Symbol.dispose]();
  stop.abort();
  expect(called).toEqual(['first', 'first']);
  onAbort(stop.signal, () => called.push('late'));
  expect(called).toEqual(['first', 'first', 'late']);
});

test('ten thousand wait for one signal at the cost of each, not of all', () => {
  const { signal } = new AbortController();
  let listenerCount = 0;
  const listen = signal.addEventListener.bind(signal);
  signal.addEventListener = (...words: Parameters<typeof listen>): void => {
    listenerCount += 1;
    listen(...words);
  };
  const waits = Array.from({ length: 10_000 }, () => onAbort(signal, () => undefined));
  for (const wait of waits) wait[Symbol.dispose]();
  expect(listenerCount).toBe(1);
});
