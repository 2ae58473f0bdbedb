import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { Inbox } from './inbox.ts';
import { Outlet } from './outlet.ts';

test('writers wait for the reader, together, and go on when it is gone', async () => {
  const written: string[] = [];
  let take: () => void = () => undefined;
  const stream = new Writable({
    objectMode: true,
    highWaterMark: 2,
    write(chunk: string, _encoding, done) {
      written.push(chunk);
      take = done;
    },
  });
  const outlet = new Outlet(stream);
  const going: string[] = [];
  const write = (text: string): Promise<void> => outlet.write(text).then(() => void going.push(text));
  await write('a');
  const [b, c] = [write('b'), write('c')];
  await new Promise(setImmediate);
  expect(going).toEqual(['a']);
  for (let i = 0; i < 3; i += 1) {
    take();
    await new Promise(setImmediate);
  }
  await Promise.all([b, c]);
  expect(written).toEqual(['a', 'b', 'c']);
  const [d, e] = [write('d'), write('e')];
  outlet.release();
  await Promise.all([d, e]);
  stream.destroy();
  await write('f');
  expect(written).not.toContain('f');
});

test('an inbox asks to wait when it is full, and hands over what it has before it ends or fails', async () => {
  let rooms = 0;
  const inbox = new Inbox<number>(2, () => void (rooms += 1));
  expect([inbox.push(1), inbox.push(2)]).toEqual([true, false]);
  inbox.fail(new Error('cut'));
  const seen: number[] = [];
  const reading = (async () => {
    for await (const value of inbox) seen.push(value);
  })();
  await expect(reading).rejects.toThrow('cut');
  expect([seen, rooms]).toEqual([[1, 2], 1]);
});
