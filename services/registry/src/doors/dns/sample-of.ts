import { type Random, randomInteger } from '@plumb/base';

/** At most `countMax` of `items`, each as likely as any other and in any order alike (Fisher and Yates). */
export function sampleOf<T>(items: readonly T[], countMax: number, random: Random): readonly T[] {
  const count = Math.min(items.length, countMax);
  const mixed = items.slice();
  for (let i = 0; i < count; i += 1) {
    const j = randomInteger(random, i, mixed.length - 1);
    const picked = mixed[j] as T;
    mixed[j] = mixed[i] as T;
    mixed[i] = picked;
  }
  mixed.length = count;
  return mixed;
}
