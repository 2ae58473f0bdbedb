import { expectTypeOf, test } from 'vitest';
import * as v from 'valibot';
import type { Client, Contract, Handlers, ObjectClient } from './index.ts';

const contract = {
  get: { input: v.object({ key: v.string(), depth: v.optional(v.number(), 1) }), output: v.optional(v.date()) },
  watch: { input: v.object({ prefix: v.string() }), output: v.number(), stream: true },
} as const satisfies Contract;

test('a client takes what the caller may write, and gives what the service answers', () => {
  type C = Client<typeof contract>;
  expectTypeOf<Parameters<C['get']>[0]>().toEqualTypeOf<{ key: string; depth?: number | undefined }>();
  expectTypeOf<ReturnType<C['get']>>().toEqualTypeOf<Promise<Date | undefined>>();
  expectTypeOf<ReturnType<C['watch']>>().toEqualTypeOf<AsyncIterable<number>>();
});

test('a handler gets its input with the defaults filled in', () => {
  type H = Handlers<typeof contract>;
  expectTypeOf<Parameters<H['get']>[0]>().toEqualTypeOf<{ key: string; depth: number }>();
  expectTypeOf<ReturnType<H['watch']>>().toEqualTypeOf<AsyncIterable<number>>();
  // @ts-expect-error -- every method of the contract needs a handler.
  const partial: H = { get: () => undefined };
  expectTypeOf(partial).toEqualTypeOf<H>();
});

test('an object seen from the caller answers later, or with a stream', () => {
  type Remote = ObjectClient<{
    readonly add: (a: number, b: number) => number;
    readonly load: (path: string) => Promise<Uint8Array>;
    readonly lines: () => AsyncGenerator<string>;
    readonly nested: { readonly now: () => Date };
    readonly version: string;
  }>;
  expectTypeOf<Remote['add']>().toEqualTypeOf<(a: number, b: number) => Promise<number>>();
  expectTypeOf<Remote['load']>().toEqualTypeOf<(path: string) => Promise<Uint8Array>>();
  expectTypeOf<Remote['lines']>().toEqualTypeOf<() => AsyncIterable<string>>();
  expectTypeOf<Remote['nested']['now']>().toEqualTypeOf<() => Promise<Date>>();
  expectTypeOf<keyof Remote>().toEqualTypeOf<'add' | 'load' | 'lines' | 'nested'>();
});
