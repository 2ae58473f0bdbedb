/** What RPC promises about values, whatever carries it. */
import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import type { Client } from '../src/index.ts';
import type { suiteContract } from './suite-contract.ts';

type Bench = AsyncDisposable & { readonly client: Client<typeof suiteContract> };

class Money {
  readonly amount = 1;
}

export function valueTests(openBench: () => Promise<Bench>, values: readonly unknown[]): void {
  test('values of every type that the encoding knows come back equal and are not shared', async () => {
    await using bench = await openBench();
    for (const value of values) expect(await bench.client.echo(value)).toEqual(value);
    const shared = { list: [1] };
    const copy = (await bench.client.echo(shared)) as typeof shared;
    shared.list.push(2);
    expect(copy).toEqual({ list: [1] });
  });

  if (values.some((value) => value instanceof Uint8Array)) {
    test('bytes of any size are those at the time of the call, and belong to who receives them alone', async () => {
      await using bench = await openBench();
      const sizes = [10, 40_000, 65_535, 65_536, 70_000, 300_000, ...Array.from({ length: 5 }, () => 2 ** 20)];
      for (let round = 0; round < 3; round += 1) {
        const sent = sizes.map((size, i) => ({
          first: new Uint8Array(size).fill(16 * round + i),
          second: Buffer.of(i),
        }));
        const echoes = sent.map((value) => bench.client.echo(value) as Promise<(typeof sent)[number]>);
        for (const { first, second } of sent) for (const bytes of [first, second]) bytes.fill(255);
        const received = await Promise.all(echoes);
        for (const [i, { first, second }] of received.entries()) {
          expect([first.length, first.every((byte) => byte === 16 * round + i), second[0]]).toEqual([
            sizes[i],
            true,
            i,
          ]);
          // Whoever reads later must not see it.
          first.fill(254);
          second.fill(254);
        }
      }
    });
  }

  test('what has no plain form is refused with its path, and nothing is sent', async () => {
    await using bench = await openBench();
    const refused = async (input: unknown): Promise<string> => {
      const error: unknown = await bench.client.echo(input).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(OperatingError);
      expect(error).toMatchObject({ code: 'invalid' });
      return (error as OperatingError).message;
    };
    expect(await refused({ list: [1, Symbol('x')] })).toMatch(/^input\.list\[1\]: \w+ cannot carry a symbol/);
    expect(await refused({ price: new Money() })).toMatch(/^input\.price: \w+ cannot carry a Money/);
    expect(await refused([/x/])).toMatch(/^input\[0\]: \w+ cannot carry a RegExp/);
    expect(await refused({ at: new URL('http://127.0.0.1') })).toMatch(/^input\.at: \w+ cannot carry a URL/);
    const a: { b: unknown[] } = { b: [0, 1, 2] };
    a.b.push(a);
    expect(await refused({ a })).toMatch(/^input\.a\.b\[3\] refers back to input\.a: \w+ cannot carry a cycle/);
    expect(await bench.client.add({ a: 1, b: 1 })).toBe(2);
  });

  test('what is shared within a value is copied, and a key that would change a prototype is left out', async () => {
    await using bench = await openBench();
    const shared = { n: 1 };
    const [first, second] = (await bench.client.echo([shared, shared])) as object[];
    expect([first, second]).toEqual([shared, shared]);
    expect(first).not.toBe(second);
    const dangerous: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "kept": 1}');
    const echoed = (await bench.client.echo(dangerous)) as object;
    expect(Object.keys(echoed)).toEqual(['kept']);
    expect('polluted' in echoed).toBe(false);
  });
}
