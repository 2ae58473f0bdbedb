import type { Random } from '@plumb/base';

/**
 * The better of two that are drawn at random: nearly as even as looking at all of them, and callers who decide by the
 * same old figures do not all run to the same one (M. Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing", 2001). Where neither is better, the first drawn. Undefined where there is none.
 */
export function pickTwo<T>(items: readonly T[], isBetter: (a: T, b: T) => boolean, random: Random): T | undefined {
  if (items.length <= 1) return items[0];
  const firstIndex = Math.floor(random.float() * items.length);
  const drawn = Math.floor(random.float() * (items.length - 1));
  const first = items[firstIndex];
  const second = items[drawn < firstIndex ? drawn : drawn + 1];
  if (first === undefined || second === undefined) return first ?? second;
  return isBetter(second, first) ? second : first;
}
