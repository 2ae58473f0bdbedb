import * as v from 'valibot';
import { expect, test } from 'vitest';
import { callback, streamOf } from './reference-schemas.ts';

async function* numbers(onClose: () => void): AsyncGenerator<number> {
  try {
    for (let i = 0; ; i += 1) yield i;
  } finally {
    onClose();
  }
}

test('each item of a stream is checked and changed as its schema says; the first fault closes the stream', async () => {
  let closeCount = 0;
  const schema = streamOf(v.pipe(v.number(), v.maxValue(3), v.transform(String)));
  const items = v
    .parse(
      schema,
      numbers(() => (closeCount += 1)),
    )
    [Symbol.asyncIterator]();
  const read: unknown[] = [];
  for (let i = 0; i <= 3; i += 1) read.push((await items.next()).value);
  expect(read).toEqual(['0', '1', '2', '3']);
  await expect(items.next()).rejects.toMatchObject({
    code: 'invalid',
    message: 'an item of the stream: Invalid value: Expected <=3 but received 4',
  });
  expect(closeCount).toBe(1);
});

test('leaving a checked stream closes it, also while it waits; disposing of it disposes of what was given', async () => {
  let closeCount = 0;
  for await (const _ of v.parse(
    streamOf(v.number()),
    numbers(() => (closeCount += 1)),
  ))
    break;
  expect(closeCount).toBe(1);
  const log: string[] = [];
  const given = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<number>>(() => undefined),
      return: async () => ({ done: true, value: void log.push('returned') }) as const,
    }),
    [Symbol.dispose]: () => void log.push('disposed'),
  };
  const items = v.parse(streamOf(v.number()), given);
  const iterator = items[Symbol.asyncIterator]();
  void iterator.next();
  await iterator.return?.();
  (items as unknown as Disposable)[Symbol.dispose]();
  expect(log).toEqual(['returned', 'disposed']);
});

test('what goes to a function and comes back is checked: the one is our bug, the other is invalid', async () => {
  const schema = callback(
    [v.pipe(v.number(), v.transform(String)), v.optional(v.date())],
    v.object({ isOk: v.boolean() }),
  );
  const heard: unknown[] = [];
  let answer: unknown = { isOk: true, more: 1 };
  const call = v.parse(schema, (...args: unknown[]) => {
    heard.push(args);
    return answer;
  });
  expect(await call(7, undefined)).toEqual({ isOk: true });
  expect(heard).toEqual([['7', undefined]]);
  answer = { isOk: 'perhaps' };
  await expect(call(7, undefined)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('the result of a function: "isOk"'),
  });
  await expect(call('seven' as never, undefined)).rejects.toThrow(TypeError);
  expect(heard).toHaveLength(2);
  // One that nobody awaits.
  void call('seven' as never, undefined);
  await new Promise((resolve) => setImmediate(resolve));
});

test('what is neither a stream nor a function is refused', () => {
  const check = (schema: v.GenericSchema, value: unknown, message: RegExp): void =>
    expect(v.safeParse(schema, value).issues?.[0]?.message).toMatch(message);
  for (const value of [undefined, null, [], {}, 'text', () => 1])
    check(streamOf(v.number()), value, /Expected a stream/);
  for (const value of [undefined, null, {}, 'text']) check(callback(), value, /Expected a function/);
  expect(v.safeParse(v.optional(callback()), undefined).success).toBe(true);
});
