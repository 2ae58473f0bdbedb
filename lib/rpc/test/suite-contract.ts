/** The service that every kind of connection is tried with. */
import { OperatingError } from '@plumb/base';
import * as v from 'valibot';
import type { Contract, Handlers } from '../src/index.ts';

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
} as const satisfies Contract;

/** What the handlers saw, for the tests to look at. */
export type SuiteWorld = {
  readonly aborts: unknown[];
  hangsStarted: number;
  itemsPulled: number;
  streamsClosed: number;
};

export function createSuiteWorld(): SuiteWorld {
  return { aborts: [], hangsStarted: 0, itemsPulled: 0, streamsClosed: 0 };
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
      if (how === 'conflict') throw new OperatingError('conflict', 'it is at revision 7', { details: { revision: 7 } });
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
  /** The same list again and again, each time with one number more. */
  readonly growing: (to: number) => AsyncIterable<number[]>;
};
