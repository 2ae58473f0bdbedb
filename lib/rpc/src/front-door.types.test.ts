import { expectTypeOf, test } from 'vitest';
import * as v from 'valibot';
import type { Client, Contract, ObjectClient } from './index.ts';
import { connect, connectSync, type generateKeyPair, serve } from './node.ts';

const methods = {
  add: (a: number, b: number): number => a + b,
  load: async (path: string): Promise<Uint8Array> => new TextEncoder().encode(path),
  async *lines(): AsyncGenerator<string> {
    yield 'a';
  },
  nested: { now: () => new Date(0) },
  version: '1',
};
const contract = {
  get: { input: v.object({ key: v.string(), depth: v.optional(v.number(), 1) }), output: v.optional(v.date()) },
  watch: { input: v.object({ prefix: v.string() }), output: v.number(), stream: true },
} as const satisfies Contract;

/** For types alone: nothing is called. */
type Keys = ReturnType<typeof generateKeyPair>;
const neverRun = (): boolean => false;

test('connect gives the object as its type says, and can be disposed', () => {
  const open = () => connect<typeof methods>('tcp://127.0.0.1:1/x', {});
  type Remote = Awaited<ReturnType<typeof open>>;
  expectTypeOf<Remote>().toExtend<ObjectClient<typeof methods>>();
  expectTypeOf<Remote>().toExtend<AsyncDisposable & Disposable>();
  expectTypeOf<Remote['add']>().toEqualTypeOf<(a: number, b: number) => Promise<number>>();
  expectTypeOf<ReturnType<Remote['lines']>>().toEqualTypeOf<AsyncIterable<string>>();
});

test('with a contract connect gives its client', () => {
  const open = () => connect('tcp://127.0.0.1:1/x', { contract });
  type Remote = Awaited<ReturnType<typeof open>>;
  expectTypeOf<Remote>().toExtend<Client<typeof contract> & AsyncDisposable>();
});

test('connectSync gives values and iterables', () => {
  const open = () => connectSync<typeof methods>('tcp://127.0.0.1:1/x', {});
  type Remote = ReturnType<typeof open>;
  expectTypeOf<Remote>().toExtend<Disposable>();
  expectTypeOf<Remote['add']>().toEqualTypeOf<(a: number, b: number) => number>();
  expectTypeOf<Remote['load']>().toEqualTypeOf<(path: string) => Uint8Array>();
  expectTypeOf<Remote['lines']>().toEqualTypeOf<() => Iterable<string>>();
  expectTypeOf<Remote['nested']['now']>().toEqualTypeOf<() => Date>();
  expectTypeOf<keyof Remote>().toEqualTypeOf<'add' | 'load' | 'lines' | 'nested' | typeof Symbol.dispose>();

  const openContract = () => connectSync('tcp://127.0.0.1:1/x', { contract });
  type Checked = ReturnType<typeof openContract>;
  expectTypeOf<Checked['get']>().toEqualTypeOf<
    (input: { key: string; depth?: number | undefined }) => Date | undefined
  >();
  expectTypeOf<Checked['watch']>().toEqualTypeOf<(input: { prefix: string }) => Iterable<number>>();
});

test('serve takes any object, and for a contract its handlers', () => {
  const keys = {} as Keys;
  if (neverRun()) {
    void serve({ name: 'x', methods, keys, callers: { key: 'alice', other: { id: 'bob', scopes: ['x:read'] } } });
    const get = ({ key, depth }: { key: string; depth: number }): Date => new Date(`${key}${depth}`);
    const watch = async function* watch(): AsyncGenerator<number> {
      yield 1;
    };
    void serve({ name: 'x', contract, methods: { get, watch }, keys });
    // @ts-expect-error -- every method of the contract needs a handler.
    void serve({ name: 'x', contract, methods: { get }, keys });
    // @ts-expect-error -- a service has a name.
    void serve({ methods, keys });
  }
});
