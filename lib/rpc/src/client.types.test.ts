import { expectTypeOf, test } from 'vitest';
import * as v from 'valibot';
import {
  type Callback,
  callback,
  type Client,
  type Contract,
  type Handlers,
  type ObjectClient,
  streamOf,
} from './index.ts';

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

test('a contract says which streams and functions a call takes: the caller gives them, the handler awaits them', () => {
  const uploads = {
    put: {
      input: v.object({
        parts: streamOf(v.pipe(v.string(), v.transform(Number))),
        onProgress: callback([v.number(), v.optional(v.date())], v.boolean()),
        onDone: v.optional(callback()),
      }),
      output: v.number(),
    },
  } as const satisfies Contract;
  type Given = Parameters<Client<typeof uploads>['put']>[0];
  expectTypeOf<Given['parts']>().toEqualTypeOf<AsyncIterable<string>>();
  expectTypeOf<Given['onProgress']>().toEqualTypeOf<
    (count: number, at: Date | undefined) => boolean | Promise<boolean>
  >();
  expectTypeOf<(text: string) => void>().toExtend<Given['onDone']>();
  type Got = Parameters<Handlers<typeof uploads>['put']>[0];
  expectTypeOf<Got['parts']>().toEqualTypeOf<AsyncIterable<number>>();
  expectTypeOf<Got['onProgress']>().toEqualTypeOf<Callback<readonly [number, Date | undefined], boolean>>();
  expectTypeOf<Exclude<Got['onDone'], undefined>>().toEqualTypeOf<Callback<readonly unknown[], unknown>>();
});

test('an object that awaits functions and reads streams is given such as answer at once, and any stream', () => {
  type Remote = ObjectClient<{
    readonly total: (items: AsyncGenerator<number>, progress?: (sum: number) => Promise<boolean>) => Promise<number>;
    readonly visit: (node: { readonly name: string; readonly leave: Callback<[string], void> }) => void;
    readonly plain: (at: Date, list: readonly string[], map: Map<string, number>) => void;
  }>;
  expectTypeOf<Parameters<Remote['total']>[0]>().toEqualTypeOf<AsyncIterable<number>>();
  expectTypeOf<(sum: number) => true>().toExtend<Parameters<Remote['total']>[1]>();
  expectTypeOf<(sum: number) => Promise<boolean>>().toExtend<Parameters<Remote['total']>[1]>();
  expectTypeOf<{ name: string; leave: (name: string) => void }>().toExtend<Parameters<Remote['visit']>[0]>();
  expectTypeOf<Parameters<Remote['plain']>>().toEqualTypeOf<
    [at: Date, list: readonly string[], map: Map<string, number>]
  >();
});
