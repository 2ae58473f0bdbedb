/** What RPC promises of functions and streams that are given to a call, whatever carries it. Part of `rpcSuite`. */
import { OperatingError } from '@plumb/base';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import {
  type Client,
  createObjectClient,
  type Connection,
  REFERENCE_CALLS_MAX,
  REFERENCES_PER_CALL_MAX,
  STREAM_CREDIT_ITEMS,
  STREAMS_PER_CALL_MAX,
} from '../src/index.ts';
import type { suiteContract, SuiteObject, SuiteWorld } from './suite-contract.ts';

type Bench = AsyncDisposable & {
  readonly client: Client<typeof suiteContract>;
  readonly connection: Connection;
  readonly world: SuiteWorld;
  readonly logged: readonly { readonly event: string; readonly text: string }[];
  readonly cut: () => void;
};

export function referenceTests(openBench: () => Promise<Bench>): void {
  test('a stream that is given to a call is read to its end', async () => {
    await using bench = await openBench();
    const { total, first } = createObjectClient<SuiteObject>('object', bench.connection);
    const source = createSource(2_000);
    expect(await total(source.items)).toBe(sumBelow(2_000));
    await until('the source is closed', () => source.state.isClosed);
    expect(await first(createSource(0).items)).toBe(undefined);
    // Whatever iterates: a plain object that says how, and what the platform has.
    const plain = {
      async *[Symbol.asyncIterator]() {
        yield { deep: [1] };
      },
    };
    expect(await first(plain)).toEqual({ deep: [1] });
    const body = new ReadableStream({ start: (controller) => controller.enqueue('chunk') });
    expect(await first(body as unknown as AsyncIterable<string>)).toBe('chunk');
  });

  test('a reader of a given stream holds its source back', async () => {
    await using bench = await openBench();
    const source = createSource(1_000_000);
    let readCount = 0;
    const steps = [1, STREAM_CREDIT_ITEMS, 2 * STREAM_CREDIT_ITEMS];
    const more = async (sum: number): Promise<number> => {
      expect(sum).toBe(sumBelow(readCount));
      // A round trip later the source has used up what it was granted, and no more.
      await bench.client.add({ a: 1, b: 1 });
      expect(source.state.pulledCount).toBeLessThanOrEqual(readCount + STREAM_CREDIT_ITEMS);
      expect(source.state.pulledCount).toBeGreaterThanOrEqual(readCount);
      const next = steps.shift() ?? 0;
      readCount += next;
      return next;
    };
    expect(await bench.client.pull({ items: source.items, more })).toBe(sumBelow(readCount));
    await until('the source is closed', () => source.state.isClosed);
  });

  test('an item that breaks the contract ends the stream with invalid, and closes its source', async () => {
    await using bench = await openBench();
    const source = createSource(1_000_000, (i) => (i === 5 ? ('five' as unknown as number) : i));
    const error = await failure(bench.client.pull({ items: source.items, more: () => 10 }));
    expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining('an item of the stream') });
    await until('the source is closed', () => source.state.isClosed);
    expect(await failure(bench.client.pull({ items: [] as never, more: () => 0 }))).toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('"items": Invalid type: Expected a stream'),
    });
  });

  test('an error of a given stream reaches the handler, and from there the caller', async () => {
    await using bench = await openBench();
    const { total } = createObjectClient<SuiteObject>('object', bench.connection);
    const fail = (error: Error): AsyncIterable<number> => createSource(100, (i) => (i === 70 ? raise(error) : i)).items;
    const known = new OperatingError('conflict', 'it is at revision 7', { details: { revision: 7 } });
    expect(await failure(total(fail(known)))).toMatchObject(known.toJSON());
    const bug = await failure(total(fail(new TypeError('the password is hunter2'))));
    expect(bug).toMatchObject({ code: 'internal' });
    expect(bug.message).not.toContain('hunter2');
  });

  test('a call takes a stream and answers with one, an item at a time both ways', async () => {
    await using bench = await openBench();
    let given = 0;
    const wakes: (() => void)[] = [];
    let isClosed = false;
    const items = (async function* () {
      try {
        for (;;) {
          await new Promise<void>((resolve) => wakes.push(resolve));
          yield given;
        }
      } finally {
        isClosed = true;
      }
    })();
    const reader = bench.client.double({ items })[Symbol.asyncIterator]();
    for (given = 1; given <= 20; given += 1) {
      const next = reader.next();
      await until('the next item is asked for', () => wakes.length > 0, { periodMs: 1 });
      wakes.shift()?.();
      expect(await next).toEqual({ done: false, value: 2 * given });
    }
    await until('the next item is asked for', () => wakes.length > 0, { periodMs: 1 });
    await reader.return?.();
    wakes.shift()?.();
    await until('the source is closed', () => isClosed);
  });

  test('many items both ways', async () => {
    await using bench = await openBench();
    const source = createSource(3_000);
    const doubled = await Array.fromAsync(bench.client.double({ items: source.items }));
    expect(doubled).toEqual(Array.from({ length: 3_000 }, (_, i) => 2 * i));
  });

  test('a function that is given to a call is called back, at once or later', async () => {
    await using bench = await openBench();
    const list = [1, 'two', { three: [3] }];
    expect(await bench.client.each({ list, each: (item: unknown) => [item] })).toEqual(list.map((item) => [item]));
    const later = async (item: unknown): Promise<unknown> => {
      await bench.client.add({ a: 1, b: 1 });
      return item;
    };
    expect(await bench.client.each({ list, each: later })).toEqual(list);
    const sums: number[] = [];
    const { total } = createObjectClient<SuiteObject>('object', bench.connection);
    expect(await total(createSource(4).items, (sum) => void sums.push(sum))).toBe(6);
    expect(sums).toEqual([0, 1, 3, 6]);
  });

  test('an error of a given function reaches the handler; a bug keeps its secrets', async () => {
    await using bench = await openBench();
    const each = (item: unknown): never => {
      if (item === 'bug') throw new TypeError('the password is hunter2');
      throw new OperatingError('conflict', 'it is at revision 7', { details: { revision: 7 } });
    };
    const [conflict, bug] = await bench.client.each({ list: ['conflict', 'bug'], each });
    expect(conflict).toEqual({ code: 'conflict', message: 'it is at revision 7', details: { revision: 7 } });
    expect(bug).toMatchObject({ code: 'internal' });
    expect(JSON.stringify(bug)).not.toContain('hunter2');
    expect(await bench.client.each({ list: [1], each: () => () => 1 })).toMatchObject([{ code: 'internal' }]);
  });

  test('a function in the arguments of a given function works as well', async () => {
    await using bench = await openBench();
    const { visit } = createObjectClient<SuiteObject>('object', bench.connection);
    const left = await visit(async ({ name, leave }) => {
      await leave(`${name}/a`);
      await leave(`${name}/b`);
    });
    expect(left).toEqual(['root/a', 'root/b']);
  });

  test('a given function fails after the call has ended, and says so', async () => {
    await using bench = await openBench();
    let callCount = 0;
    const each = (): number => (callCount += 1);
    await bench.client.each({ list: [1], each });
    const [kept] = bench.world.kept as [() => Promise<unknown>];
    expect(await failure(kept())).toMatchObject({
      code: 'invalid',
      message: 'suite.each has ended, and with it the functions and streams given to it',
    });
    expect(callCount).toBe(1);
  });

  test('what a handler disposes of is released at once, and fails from then on', async () => {
    await using bench = await openBench();
    const { release } = createObjectClient<SuiteObject>('object', bench.connection);
    const source = createSource(1_000_000);
    let isClosedWithin = false;
    const call = async (): Promise<void> => {
      await until('the source is closed', () => source.state.isClosed);
      isClosedWithin = true;
    };
    const failures = await release({ items: source.items, call });
    const failed = { code: 'invalid', message: 'it was given to object.release, which has disposed of it' };
    expect(failures).toEqual([failed, failed]);
    expect(isClosedWithin).toBe(true);
  });

  test('when the caller gives up, what it gave ends: sources are closed, waiting handlers are told', async () => {
    await using bench = await openBench();
    let callCount = 0;
    const check = async (end: (stop: AbortController) => void, timeoutMs = 120_000): Promise<void> => {
      callCount += 1;
      const stop = new AbortController();
      const source = createSource(1_000_000);
      let isWaiting = false;
      const more = async (): Promise<number> => {
        if (source.state.pulledCount > 0) {
          isWaiting = true;
          return new Promise(() => undefined);
        }
        return 1;
      };
      const call = bench.client.pull({ items: source.items, more }, { signal: stop.signal, timeoutMs });
      call.catch(() => undefined);
      await until('the handler waits', () => isWaiting);
      end(stop);
      await expect(call).rejects.toThrow();
      await until('the source is closed', () => source.state.isClosed);
      await until('the handler is told', () => bench.world.pullsEnded === callCount, { timeoutMs: 30_000 });
    };
    await check((stop) => stop.abort(new Error('changed my mind')));
    await check(() => undefined, 300);
    expect(await bench.client.add({ a: 1, b: 1 })).toBe(2);
    await check(() => bench.cut());
  });

  test('when the connection is lost a handler that waits for its caller is told', async () => {
    await using bench = await openBench();
    const { hang } = createObjectClient<SuiteObject>('object', bench.connection);
    let isCalled = false;
    const call = failure(
      hang(() => {
        isCalled = true;
        return new Promise(() => undefined);
      }),
    );
    await until('the function is called', () => isCalled);
    bench.cut();
    expect(await call).toMatchObject({ code: 'unavailable' });
  });

  test('a function that nobody awaits may fail without harm', async () => {
    await using bench = await openBench();
    const { shout } = createObjectClient<SuiteObject>('object', bench.connection);
    const heard: string[] = [];
    await shout((text) => {
      heard.push(text);
      throw new OperatingError('denied', 'not so loud');
    });
    expect(heard).toEqual(['one', 'two', 'three']);
    await shout(() => new Promise(() => undefined));
    expect(await bench.client.add({ a: 1, b: 1 })).toBe(2);
  });

  test('what cannot be referred to is refused by name: in a map, in a cycle, in an answer', async () => {
    await using bench = await openBench();
    const refused = expect.objectContaining({ code: 'invalid' });
    expect(await failure(bench.client.echo(new Map([['f', () => 1]])))).toEqual(refused);
    const cycle: Record<string, unknown> = { f: () => 1 };
    cycle['again'] = cycle;
    expect(await failure(bench.client.echo(cycle))).toEqual(refused);
    // The stub comes back in the answer.
    expect(await failure(bench.client.echo({ f: () => 1 }))).toMatchObject({ code: 'internal' });
    expect(await failure(bench.client.echo([createSource(1).items]))).toMatchObject({ code: 'internal' });
    expect(await bench.client.add({ a: 1, b: 1 })).toBe(2);
  });

  test('at each bound of references the caller gets exhausted at once', async () => {
    await using bench = await openBench();
    const { client } = bench;
    const functions = Array.from({ length: REFERENCES_PER_CALL_MAX + 1 }, () => () => 1);
    expect(await failure(client.each({ list: functions, each: () => 1 }))).toMatchObject({ code: 'exhausted' });
    const streams = Array.from({ length: STREAMS_PER_CALL_MAX + 1 }, () => createSource(1).items);
    expect(await failure(client.each({ list: streams, each: () => 1 }))).toMatchObject({ code: 'exhausted' });
    const list = Array.from({ length: REFERENCE_CALLS_MAX + 2 }, (_, i) => i);
    let release: (() => void) | undefined;
    const isReleased = new Promise<void>((resolve) => (release = resolve));
    const each = async (item: unknown): Promise<unknown> => {
      // A round trip later the others have come as well.
      if (item === REFERENCE_CALLS_MAX - 1) void client.add({ a: 1, b: 1 }).then(() => release?.());
      await isReleased;
      return item;
    };
    const answers = await client.each({ list, each }, { timeoutMs: 60_000 });
    expect(answers.slice(0, REFERENCE_CALLS_MAX)).toEqual(list.slice(0, REFERENCE_CALLS_MAX));
    expect(answers.slice(REFERENCE_CALLS_MAX)).toMatchObject([{ code: 'exhausted' }, { code: 'exhausted' }]);
  });
}

/** Counts up to `to`, and knows how far it came. */
function createSource(
  to: number,
  itemOf: (i: number) => number = (i) => i,
): { readonly items: AsyncIterable<number>; readonly state: { pulledCount: number; isClosed: boolean } } {
  const state = { pulledCount: 0, isClosed: false };
  const items = (async function* () {
    try {
      for (let i = 0; i < to; i += 1) {
        state.pulledCount += 1;
        yield itemOf(i);
      }
    } finally {
      state.isClosed = true;
    }
  })();
  return { items, state };
}

function sumBelow(count: number): number {
  return (count * Math.max(0, count - 1)) / 2;
}

function raise(error: Error): never {
  throw error;
}

async function failure(promise: Promise<unknown>): Promise<OperatingError> {
  const error = await promise.then(
    (value) => new Error(`it answered ${String(value)}`),
    (error: unknown) => error,
  );
  if (!(error instanceof OperatingError)) throw error;
  return error;
}
