/** Randomness as an argument: `systemRandom` in production, `seededRandom` in tests and simulations. */

export type Random = {
  /** Uniform in [0, 1). */
  readonly float: () => number;
};

export const systemRandom: Random = { float: () => Math.random() };

/** A repeatable generator (mulberry32, public domain): the same seed gives the same numbers. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    float: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** A whole number in [min, max]. */
export function randomInteger(random: Random, min: number, max: number): number {
  return min + Math.floor(random.float() * (max - min + 1));
}
