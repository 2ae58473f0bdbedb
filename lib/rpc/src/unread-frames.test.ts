import { expect, test } from 'vitest';
import { UnreadFrames } from './unread-frames.ts';

test('a large frame is used again once all of it was read, and not before', () => {
  const reused: Buffer[] = [];
  const unread = new UnreadFrames((frame) => reused.push(frame));
  const [first, small, second] = [Buffer.alloc(100_000), Buffer.alloc(10), Buffer.alloc(70_000)];
  for (const frame of [first, small, second]) unread.add(frame);
  expect(unread.sizeBytes).toBe(170_010);
  unread.take(99_999);
  expect(reused).toEqual([]);
  unread.take(70_010);
  expect([reused.length, reused[0] === first]).toEqual([1, true]);
  expect(() => unread.take(2)).toThrow('a receipt for more than was sent');
  unread.take(1);
  expect([reused.length, reused[1] === second, unread.sizeBytes]).toEqual([2, true, 0]);
});
