/** The service that every kind of connection is tried with. */
import { errorToData, OperatingError } from '@plumb/base';
import * as v from 'valibot';
import { type Callback, callback, type Contract, type Handlers, streamOf } from '../src/index.ts';

export const suiteContract = {
  echo: { input: v.unknown(), output: v.unknown() },
  add: { input: v.object({ a: v.number(), b: v.number() }), output: v.number() },
  guarded: { input: v.object({}), output: v.string(), scope: 'suite:write' },
  fail: { input: v.object({ how: v.picklist(['conflict', 'bug', 'wrong-output', 'unsendable']) }), output: v.string() },
  bytes: { input: v.object({ size: v.number() }), output: v.instance(Uint8Array) },
  /** Answers only when its signal aborts. */
  hang: { input: v.object({}), output: v.string() },
  count: { input: v.object({ to: v.number(), failAt: v.optional(v.number()) }), output: v.number(), stream: true },
  texts: { input: v.object({ count: v.number(), length: v.number() }), output: v.string(), stream: true },
  /** One item, then nothing until its signal aborts. */
  quiet: { input: v.object({}), output: v.string(), stream: true },
  /** Reads as many numbers as it is told to, again and again, until it is told 0. Returns their sum. */
  pull: {
    input: v.object({ items: streamOf(v.number()), more: callback([v.number()], v.number()) }),
    output: v.number(),
  },
  double: { input: v.object({ items: streamOf(v.number()) }), output: v.number(), stream: true },
  /** Calls `each` with every item of `list`, all at once, and returns the answers or errors in their order. */
  each: { input: v.object({ list: v.array(v.unknown()), each: callback() }), output: v.array(v.unknown()) },
} as const satisfies Contract;

/** What the handlers saw, for the tests to look at. */
export type SuiteWorld = {
  readonly aborts: unknown[];
  hangsStarted: number;
  itemsPulled: number;
  streamsClosed: number;
  pullsEnded: number;
  /** What handlers were given, kept beyond their calls. */
  readonly kept: unknown[];
};

export function createSuiteWorld(): SuiteWorld {
  return { aborts: [], hangsStarted: 0, itemsPulled: 0, streamsClosed: 0, pullsEnded: 0, kept: [] };
}

export function suiteHandlers(world: SuiteWorld): Handlers<typeof suiteContract> {
  const untilAbort = async (signal: AbortSignal): Promise<void> => {
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    world.aborts.push(signal.reason);
  };
  return {
    echo: (input) => input,
    add: ({ a, b }) => a + b,
    bytes: ({ size }) => new Uint8Array(size),
    guarded: () => 'let in',
    fail: ({ how }) => {
      if (how === 'conflict') {
        const cause = new OperatingError('unavailable', 'the store is closed', { cause: new Error('hunter2') });
        throw new OperatingError('conflict', 'it is at revision 7', { details: { revision: 7 }, cause });
      }
      if (how === 'bug') throw new TypeError('the password is hunter2');
      return (how === 'wrong-output' ? 42 : () => 'a function') as unknown as string;
    },
    hang: async (_input, { signal }) => {
      world.hangsStarted += 1;
      await untilAbort(signal);
      return 'too late';
    },
    async *count({ to, failAt }) {
      try {
        for (let i = 0; i < to; i += 1) {
          if (i === failAt) throw new OperatingError('exhausted', `cannot count to ${i}`);
          world.itemsPulled += 1;
          yield i;
        }
      } finally {
        world.streamsClosed += 1;
      }
    },
    async *texts({ count, length }) {
      for (let i = 0; i < count; i += 1) {
        world.itemsPulled += 1;
        yield String(i).padEnd(length, '.');
      }
    },
    pull: async ({ items, more }) => {
      using _end = { [Symbol.dispose]: () => void (world.pullsEnded += 1) };
      let sum = 0;
      const iterator = items[Symbol.asyncIterator]();
      for (let left = await more(0); left > 0; left = await more(sum)) {
        for (; left > 0; left -= 1) sum += (await iterator.next()).value ?? 0;
      }
      await iterator.return?.();
      return sum;
    },
    async *double({ items }) {
      for await (const item of items) yield item * 2;
    },
    each: async ({ list, each }) => {
      world.kept.push(each);
      const answers = await Promise.allSettled(list.map((item) => each(item)));
      return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : errorToData(answer.reason)));
    },
    async *quiet(_input, { signal }) {
      try {
        yield 'only';
        await untilAbort(signal);
      } finally {
        world.streamsClosed += 1;
      }
    },
  };
}

/** An object as a program would have it: offered as it is. */
export function createSuiteObject(): SuiteObject {
  return Object.create(
    { inherited: () => 'never' },
    {
      sum: { enumerable: true, value: (...terms: number[]) => terms.reduce((a, b) => a + b, 0) },
      text: { enumerable: true, value: { upper: (text: string) => text.toUpperCase() } },
      async: { enumerable: true, value: { later: async (value: Date) => value } },
      letters: {
        enumerable: true,
        async *value(text: string) {
          yield* text;
        },
      },
      growing: {
        enumerable: true,
        async *value(to: number) {
          const list: number[] = [];
          while (list.push(list.length) < to) yield list;
        },
      },
      total: {
        enumerable: true,
        async value(items: AsyncIterable<number>, progress?: (sum: number) => Promise<void>) {
          let sum = 0;
          for await (const item of items) {
            sum += item;
            await progress?.(sum);
          }
          return sum;
        },
      },
      first: {
        enumerable: true,
        async value(items: AsyncIterable<unknown>) {
          for await (const item of items) return item;
          return undefined;
        },
      },
      visit: {
        enumerable: true,
        value: async (visit: Parameters<SuiteObject['visit']>[0]) => {
          const left: string[] = [];
          await visit({ name: 'root', leave: (name) => void left.push(name) });
          return left;
        },
      },
      hang: { enumerable: true, value: async (work: () => Promise<unknown>) => work() },
      release: {
        enumerable: true,
        async value({ items, call }: Parameters<SuiteObject['release']>[0]) {
          const failures: unknown[] = [];
          await items[Symbol.asyncIterator]().next();
          items[Symbol.dispose]();
          await items[Symbol.asyncIterator]()
            .next()
            .catch((error: unknown) => failures.push(errorToData(error)));
          await call();
          call[Symbol.dispose]();
          call[Symbol.dispose]();
          await call().catch((error: unknown) => failures.push(errorToData(error)));
          // The other side hears of it while this call goes on.
          return failures;
        },
      },
      shout: {
        enumerable: true,
        async value(say: (text: string) => Promise<void>) {
          for (const text of ['one', 'two', 'three']) void say(text);
        },
      },
      hidden: { enumerable: false, value: () => 'never' },
      _private: { enumerable: true, value: () => 'never' },
    },
  ) as SuiteObject;
}

export type SuiteObject = {
  readonly sum: (...terms: number[]) => number;
  readonly text: { readonly upper: (text: string) => string };
  readonly async: { readonly later: (value: Date) => Promise<Date> };
  readonly letters: (text: string) => AsyncIterable<string>;
  /** Tells `progress` of each sum, and waits for it. */
  readonly total: (items: AsyncIterable<number>, progress?: (sum: number) => Promise<void>) => Promise<number>;
  /** Reads one item and leaves. */
  readonly first: (items: AsyncIterable<unknown>) => Promise<unknown>;
  /** Returns the names that `leave` was called with. */
  readonly visit: (
    visit: (node: { readonly name: string; readonly leave: (name: string) => unknown }) => Promise<void>,
  ) => Promise<string[]>;
  /** As long as `work` takes. */
  readonly hang: (work: () => Promise<unknown>) => Promise<unknown>;
  /** Uses and disposes of what it is given, uses it again, and returns how that failed. */
  readonly release: (given: {
    readonly items: AsyncIterable<unknown> & Disposable;
    readonly call: Callback<[], unknown>;
  }) => Promise<unknown[]>;
  /** Calls `say` three times and waits for none. */
  readonly shout: (say: (text: string) => Promise<void>) => Promise<void>;
  /** The same list again and again, each time with one number more. */
  readonly growing: (to: number) => AsyncIterable<number[]>;
};
