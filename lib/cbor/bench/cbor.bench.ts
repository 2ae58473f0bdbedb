/**
 * What writing and reading one value costs in processor time: an object of 150 bytes, a call and an answer of RPC, a list of 1,000 numbers,
 * a text of 1 KB, bytes of 1 MiB. Beside ours, in turns of the same run: `cbor-x` and `msgpackr` without records (whose
 * objects both sides would have to learn) and with copies of bytes, as ours makes, and JSON. Medians; the goal of each
 * figure is that of `cbor-x`.
 *
 * `npm run bench -- cbor [--json]`; `CBOR_BENCH_MS` is how long each figure is measured, `CBOR_BENCH_ROUNDS` how often.
 */
import assert from 'node:assert/strict';
import { type BenchResult, medianOf, printBench } from '@plumb/testing/bench';
import { isNativeAccelerationEnabled, Encoder as CborX } from 'cbor-x';
import { isNativeAccelerationEnabled as isMsgpackNative, Packr } from 'msgpackr';
import { CborDecoder, CborEncoder } from '../src/index.ts';

type Codec = { readonly encode: (value: unknown) => Uint8Array | string; readonly decode: (bytes: never) => unknown };
type Figure = 'encode' | 'decode';
type Measured = ReadonlyMap<string, number>;

/** Encodes or decodes between two looks at the clock. */
const REPEATS = 20;

const periodMs = Number(process.env['CBOR_BENCH_MS'] ?? 100);
const roundCount = Number(process.env['CBOR_BENCH_ROUNDS'] ?? 7);

const object = {
  service: 'tipjar-web',
  host: '127.0.0.1',
  port: 43_210,
  startedAt: 1_760_000_000_123,
  isReady: true,
  labels: { application: 'tipjar', environment: 'production', release: 'a1b2c3d4e5f6' },
};
const VALUES: Readonly<Record<string, unknown>> = {
  'object of 150 bytes': object,
  'call of RPC': {
    kind: 'call',
    id: 123_456,
    method: 'registry.resolve',
    input: { service: 'web' },
    deadlineMs: 9_998,
  },
  'result of RPC': { kind: 'result', id: 123_456, value: object },
  '1,000 numbers': Array.from({ length: 1_000 }, (_, i) => (i % 2 === 0 ? i * 1_003 : i / 7)),
  'text of 1 KB': 'The quick brown fox jumps over the lazy dog. '.repeat(23),
  '1 MiB of bytes': Uint8Array.from({ length: 2 ** 20 }, (_, i) => i & 0xff),
};

/** One of each for every value, as an owner has it who sends one kind of thing; they learn its keys. */
const CODECS: Readonly<Record<string, () => Codec>> = {
  plumb: () => {
    const [encoder, decoder] = [new CborEncoder(), new CborDecoder()];
    return { encode: (value) => encoder.encode(value), decode: (bytes: Uint8Array) => decoder.decode(bytes) };
  },
  'cbor-x': () => {
    const codec = new CborX({ useRecords: false, tagUint8Array: false, copyBuffers: true });
    return { encode: (value) => codec.encode(value), decode: (bytes: Uint8Array): unknown => codec.decode(bytes) };
  },
  msgpackr: () => {
    const codec = new Packr({ useRecords: false, copyBuffers: true });
    return { encode: (value) => codec.pack(value), decode: (bytes: Buffer): unknown => codec.unpack(bytes) };
  },
  json: () => ({ encode: (value) => JSON.stringify(value), decode: (text: string): unknown => JSON.parse(text) }),
};

const samples = new Map<string, number[]>();
for (let round = 0; round <= roundCount; round += 1) {
  for (const [key, ns] of measureRound(round)) {
    // The first round warms up.
    if (round > 0) samples.set(key, [...(samples.get(key) ?? []), ns]);
  }
}
const settings = `no records, bytes copied; native strings: cbor-x ${isNativeAccelerationEnabled}, msgpackr ${isMsgpackNative}`;
printBench({ bench: 'cbor', rounds: roundCount, results: results(samples), notes: { settings } });

/** Every codec in turn, in an order that turns as well. */
function measureRound(round: number): Measured {
  const measured = new Map<string, number>();
  const names = Object.keys(CODECS);
  for (const [valueName, value] of Object.entries(VALUES)) {
    for (let i = 0; i < names.length; i += 1) {
      const name = names[(i + round) % names.length] ?? '';
      if (name === 'json' && value instanceof Uint8Array) continue;
      const codec = CODECS[name]?.();
      assert(codec !== undefined);
      const encoded = codec.encode(value);
      const kept = (typeof encoded === 'string' ? encoded : Buffer.from(encoded)) as never;
      assert.deepEqual(plainBytes(codec.decode(kept)), value, `${name} must read what it wrote`);
      measured.set(
        keyOf(valueName, 'encode', name),
        timeOf(() => codec.encode(value)),
      );
      measured.set(
        keyOf(valueName, 'decode', name),
        timeOf(() => codec.decode(kept)),
      );
    }
  }
  return measured;
}

/**
 * Nanoseconds of processor time that one run takes, over `periodMs`: of all threads, so that the collection of garbage
 * counts, and not the waiting for a busy machine.
 */
function timeOf(run: () => unknown): number {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  let count = 0;
  do {
    for (let i = 0; i < REPEATS; i += 1) run();
    count += REPEATS;
  } while (performance.now() - startedAt < periodMs);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / count;
}

function results(all: ReadonlyMap<string, readonly number[]>): BenchResult[] {
  return Object.keys(VALUES).flatMap((valueName) =>
    (['encode', 'decode'] as const).map((figure): BenchResult => {
      const medians = Object.keys(CODECS).flatMap((name): [string, number][] => {
        const ns = all.get(keyOf(valueName, figure, name));
        return ns === undefined ? [] : [[name, medianOf(ns)]];
      });
      const { plumb = Number.NaN, ...peers } = Object.fromEntries(medians);
      const goal = Math.round(peers['cbor-x'] ?? Number.NaN);
      return { name: `${valueName}: ${figure}`, unit: 'ns', better: 'lower', ours: plumb, peers, goal };
    }),
  );
}

function keyOf(valueName: string, figure: Figure, codec: string): string {
  return `${valueName} ${figure} ${codec}`;
}

/** Some read bytes as a `Buffer`. */
function plainBytes(value: unknown): unknown {
  return Buffer.isBuffer(value) ? new Uint8Array(value) : value;
}
