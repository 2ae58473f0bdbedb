import { type Clock, sleep } from '@plumb/base';
import * as v from 'valibot';

/** One item of a stream. */
export const faultItem = v.object({ n: v.number(), filler: v.instance(Uint8Array) });
export type FaultItem = v.InferOutput<typeof faultItem>;

export type ItemsOptions = {
  readonly count: number;
  readonly sizeBytes: number;
  readonly delayMs: number;
  readonly clock: Clock;
};

/** Items numbered from 0. */
export async function* itemsOf({ count, sizeBytes, delayMs, clock }: ItemsOptions): AsyncGenerator<FaultItem> {
  for (let n = 0; n < count; n += 1) {
    if (delayMs > 0 && n % 4 === 0) await sleep(clock, delayMs);
    yield { n, filler: fillerOf(n, sizeBytes) };
  }
}

/** Bytes that tell what they belong to. */
export function fillerOf(n: number, sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sizeBytes).fill(n);
}

export function isFillerOf(filler: Uint8Array, n: number, sizeBytes: number): boolean {
  return filler.length === sizeBytes && filler.every((byte) => byte === n % 256);
}
