import { expect, test } from 'vitest';
import { staticResolver } from './index.ts';

test('a static list is told once, for every name, and ends when nobody follows it any more', async () => {
  const endpoints = [{ id: 'a', address: 'tcp://127.0.0.1:7710' }];
  const stop = new AbortController();
  const seen: unknown[] = [];
  for await (const list of staticResolver(endpoints)('anything', stop.signal)) {
    seen.push(list);
    setImmediate(() => stop.abort());
  }
  expect(seen).toEqual([endpoints]);
});
