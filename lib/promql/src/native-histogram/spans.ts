/**
 * Buckets as Prometheus writes them: spans of neighbouring indexes, and for each bucket its count or, in histograms of
 * whole numbers, the difference to the count before. So they travel in protobuf, in remote write and in chunks.
 */
import { OperatingError } from '@plumb/base';
import type { Buckets } from './native-histogram.ts';

/** `offset` is the gap to the end of the span before; of the first span, the index that it begins at. */
export type BucketSpan = { readonly offset: number; readonly length: number };

/** Spans as long as they can be; as many counts as `buckets` has. */
export function spansOf({ indexes }: Buckets): BucketSpan[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length += 1;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** @throws OperatingError `invalid` when the spans have another number of buckets, or run backwards. */
export function bucketsFromSpans(spans: readonly BucketSpan[], counts: ArrayLike<number>): Buckets {
  const length = spans.reduce((sum, span) => sum + span.length, 0);
  if (length !== counts.length) {
    throw new OperatingError(
      'invalid',
      `the spans of a histogram have ${length} buckets, but there are ${counts.length}`,
    );
  }
  const indexes = new Int32Array(length);
  let at = 0;
  let index = 0;
  spans.forEach((span, i) => {
    if (i > 0 && span.offset < 0)
      throw new OperatingError('invalid', `span ${i} of a histogram begins before the last ends`);
    index += span.offset;
    for (let left = span.length; left > 0; left -= 1) {
      indexes[at] = index;
      at += 1;
      index += 1;
    }
  });
  return { indexes, counts: Float64Array.from(counts) };
}

/** Differences of whole-number counts, the first to zero. */
export function deltasOf({ counts }: Buckets): number[] {
  return Array.from(counts, (count, i) => count - (i === 0 ? 0 : (counts[i - 1] as number)));
}

/** The counts that `deltasOf` gave the differences of. */
export function countsFromDeltas(deltas: readonly number[]): Float64Array {
  let count = 0;
  return Float64Array.from(deltas, (delta) => {
    count += delta;
    return count;
  });
}
