import { silentLog, systemClock } from '@plumb/base';
import { expect, test } from 'vitest';
import { createObjectClient, connectDispatcher, createClient, createDispatcher, withOptions } from './index.ts';

const object = {
  hang: (): Promise<number> => new Promise(() => undefined),
  nested: { one: (): number => 1 },
};

function openClient(): ReturnType<typeof createObjectClient<typeof object>> {
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.addObject('x', object);
  return createObjectClient<typeof object>('x', connectDispatcher(dispatcher, { id: 'tester', scopes: [] }));
}

test('a call may have a deadline and a signal of its own', async () => {
  const client = openClient();
  await expect(withOptions(client, { timeoutMs: 10 }).hang()).rejects.toMatchObject({ code: 'deadline' });
  const stop = new AbortController();
  const call = withOptions(client, { signal: stop.signal }).hang();
  stop.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
});

test('options are for nested objects too, and replace only what they name', async () => {
  const client = openClient();
  const stopped = withOptions(client, { signal: AbortSignal.abort(new Error('stopped')) });
  await expect(stopped.nested.one()).rejects.toThrow('stopped');
  await expect(withOptions(stopped, { timeoutMs: 1_000 }).nested.one()).rejects.toThrow('stopped');
  expect(await withOptions(stopped.nested, { signal: undefined }).one()).toBe(1);
  expect(await client.nested.one()).toBe(1);
});

test('a client of a contract takes options with each call', () => {
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  const client = createClient({}, 'x', connectDispatcher(dispatcher, { id: 'tester', scopes: [] }));
  expect(() => withOptions(client, {})).toThrow('with a contract each call takes its own');
});
