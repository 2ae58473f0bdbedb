/** What is sent there and back, and the proof that it was. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { BenchValue } from './bench-contract.ts';

export const PAYLOAD_BYTES = 2 ** 20;

/** An instance as the dictionary has it: 200 bytes of JSON. Each call and item has a number, so none is like another. */
export function createBenchValue(number: number): BenchValue {
  const labels = { application: 'tipjar', environment: 'production', release: 'a1b2c3d4e5f6', zone: 'eu1' };
  return {
    service: 'tipjar-web-7',
    host: '10.20.30.40',
    port: 43_210,
    startedAt: 1_760_000_000_000 + number,
    isReady: true,
    labels,
  };
}

/** Cheap enough to be done with every answer. */
export function checkNumber(value: BenchValue, number: number): void {
  if (value.startedAt !== 1_760_000_000_000 + number) {
    throw new Error(`answer ${number} is another one's: its number is ${value.startedAt - 1_760_000_000_000}`);
  }
}

/** All of `value`, whatever class it has. Returns its hash, which is the same for every peer. */
export function checkValue(value: BenchValue, number: number): string {
  const plain = JSON.parse(JSON.stringify(value)) as BenchValue;
  const expected = createBenchValue(number);
  assert.deepEqual(plain, expected);
  return hashOf(JSON.stringify({ ...expected, ...plain }));
}

export function createPayload(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: PAYLOAD_BYTES }, (_, index) => (index * 31) & 0xff);
}

export function hashOf(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 12);
}

/** The stream that every server sends. */
export async function* createItems(count: number): AsyncGenerator<BenchValue> {
  for (let i = 0; i < count; i += 1) yield createBenchValue(i);
}
