/** Series as they occur, from a seed: the kinds that the codec measurements of the project have always used. */
import { type Random, seededRandom } from '@plumb/base';
import type { Columns } from '../src/index.ts';

export type SeriesKind = 'counter' | 'slow counter' | 'gauge, 2 decimals' | 'gauge of bytes' | 'constant' | 'random';
export const SERIES_KINDS: readonly SeriesKind[] = [
  'counter',
  'slow counter',
  'gauge, 2 decimals',
  'gauge of bytes',
  'constant',
  'random',
];

const START = 1_760_400_000_000;
const STEP_MS = 15_000;

/** `count` samples every 15 s, of which three in ten come up to 2 ms early or late. */
export function makeSeries(kind: SeriesKind, count: number, seed: number): Columns {
  const random = seededRandom(seed);
  const next = nextValue(kind, random);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const jitter = random.float() < 0.3 ? Math.round(random.float() * 4 - 2) : 0;
    times[i] = START + i * STEP_MS + jitter;
    values[i] = next();
  }
  return { times, values };
}

function nextValue(kind: SeriesKind, random: Random): () => number {
  let value = 0;
  switch (kind) {
    case 'counter':
      return () => (value += Math.floor(random.float() * 3_000));
    case 'slow counter':
      return () => (value += random.float() < 0.2 ? 1 : 0);
    case 'gauge, 2 decimals':
      value = 5_000;
      return () => (value += Math.round((random.float() - 0.5) * 400)) / 100;
    case 'gauge of bytes':
      value = 4e9;
      return () => (value += Math.round((random.float() - 0.5) * 20_000) * 4_096);
    case 'constant':
      return () => 1;
    case 'random':
      return () => random.float();
  }
}
