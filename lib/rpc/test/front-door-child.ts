/** A program that serves, for the tests of the front door: an object and a contract, at two addresses. */
import { OperatingError } from '@plumb/base';
import * as v from 'valibot';
import type { Contract, Handlers } from '../src/index.ts';
import { currentCall, type KeyPair, serve } from '../src/node.ts';

export type ChildOptions = {
  readonly at: string;
  readonly guardedAt: string;
  readonly keys: KeyPair;
  readonly callers: Readonly<Record<string, string>>;
};

/** The one line that it prints once it serves. */
export type ChildTargets = { readonly target: string; readonly guardedTarget: string; readonly pid: number };

export const methods = {
  add: (a: number, b: number): number => a + b,
  pid: (): number => process.pid,
  echo: (value: unknown): unknown => value,
  async *count(to: number): AsyncGenerator<number> {
    for (let i = 1; i <= to; i += 1) yield i;
  },
  /** One item, then nothing. */
  async *quiet(): AsyncGenerator<string> {
    yield 'only';
    await new Promise(() => undefined);
  },
  hang: (): Promise<never> => new Promise(() => undefined),
  refuse: (): never => {
    throw new OperatingError('conflict', 'it is at revision 7', { details: { revision: 7 } });
  },
  /** Calls back for each number, and answers with the sum of the answers. Those that fail count as 1,000. */
  async each(to: number, onItem: (n: number) => Promise<number>): Promise<number> {
    let sum = 0;
    for (let n = 1; n <= to; n += 1) sum += await onItem(n).catch(() => 1_000);
    return sum;
  },
  /** Calls back without waiting for it. */
  notify(onItem: (n: number) => Promise<number>): string {
    onItem(1).catch(() => undefined);
    return 'done';
  },
  /** The answers as a stream. */
  async *answers(to: number, onItem: (n: number) => Promise<number>): AsyncGenerator<number> {
    for (let n = 1; n <= to; n += 1) yield await onItem(n);
  },
  sum: async (numbers: AsyncIterable<number>): Promise<number> =>
    (await Array.fromAsync(numbers)).reduce((a, b) => a + b, 0),
  caller: (): string => currentCall().caller.id,
  text: { upper: (text: string): string => text.toUpperCase() },
  close: (): string => 'a method like any other',
  dispose: (): string => 'another one',
  _private: (): string => 'never',
};

export const guardedContract = {
  whoAmI: { input: v.object({}), output: v.string() },
  add: { input: v.object({ a: v.number(), b: v.number() }), output: v.number() },
  count: { input: v.object({ to: v.number() }), output: v.number(), stream: true },
} as const satisfies Contract;

const guardedHandlers: Handlers<typeof guardedContract> = {
  whoAmI: (_input, { caller }) => caller.id,
  add: ({ a, b }) => a + b,
  async *count({ to }) {
    for (let i = 1; i <= to; i += 1) yield i;
  },
};

async function main({ at, guardedAt, keys, callers }: ChildOptions): Promise<void> {
  await using math = await serve({ name: 'math', methods, at, keys, callers });
  const contract = { contract: guardedContract, methods: guardedHandlers };
  await using guarded = await serve({ name: 'guarded', ...contract, at: guardedAt, keys, callers });
  const targets: ChildTargets = { target: math.target, guardedTarget: guarded.target, pid: process.pid };
  process.stdout.write(`${JSON.stringify(targets)}\n`);
  // Ends with the program that started it, however that ends.
  await new Promise((resolve) => process.stdin.resume().once('end', resolve));
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? '') as ChildOptions);
