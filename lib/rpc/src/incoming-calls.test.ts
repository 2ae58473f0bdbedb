import v8 from 'node:v8';
import { silentLog } from '@plumb/base';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { createChannelPair, createDispatcher } from './index.ts';
import { ServedCall } from './served-call.ts';

/** Collects garbage first. */
const callCount = (): number => v8.queryObjects(ServedCall, { format: 'count' });

test('a call with a key goes on after its connection is lost, and is let go when it ends', async () => {
  const clock = createFakeClock();
  const dispatcher = createDispatcher({ log: silentLog, clock });
  const gate = Promise.withResolvers<number>();
  dispatcher.addObject('tool', { end: () => gate.promise, hang: () => new Promise(() => undefined) });
  const [near, far] = createChannelPair();
  dispatcher.accept(far, { id: 'tester', scopes: ['*'] });
  for (const [index, method] of ['tool.end', 'tool.hang'].entries()) {
    near.send({ kind: 'call', id: index + 1, method, input: [], deadlineMs: 600_000, key: method });
  }
  await clock.advance(0);
  near.close();
  await clock.advance(1_000);
  expect(callCount()).toBe(2);
  gate.resolve(1);
  await clock.advance(1_000);
  expect(callCount()).toBe(1);
});
