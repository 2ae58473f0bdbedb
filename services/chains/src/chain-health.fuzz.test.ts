import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChainLimits, type ChainTrack, observe, startTrack } from './chain-health.ts';

const LIMITS: ChainLimits = {
  chainId: 1,
  blockTimeMs: 2_000,
  stallBlocks: 5,
  lagBlocksMax: 10,
  lagMsMax: 20_000,
  reorgDepthMax: 8,
  startGraceMs: 30_000,
};
const PERIOD_MS = 500;

type Step = { readonly lagBlocks: number; readonly ageMs: number; readonly blocks: number };

/** The states of a node that answers every `PERIOD_MS` with these lags. */
function run(steps: readonly Step[]): { state: string; step: Step }[] {
  let track: ChainTrack = startTrack({ now: 0, monotonicMs: 0 });
  let height = 1_000;
  return steps.map((step, index) => {
    const monotonicMs = index * PERIOD_MS;
    const now = 1_760_000_000_000 + monotonicMs;
    height += step.blocks;
    const head = { height, hash: `block ${height}` };
    const bestHeight = step.lagBlocks === 0 ? undefined : height + step.lagBlocks;
    const rest = { chainId: 1, atCheckpoint: undefined, deep: undefined };
    track = observe(
      track,
      { kind: 'answered', head, headAt: now - step.ageMs, bestHeight, ...rest },
      { now, monotonicMs },
      LIMITS,
    );
    return { state: track.health.state, step };
  });
}

const lag = fc.record({
  lagBlocks: fc.integer({ min: 0, max: 20 }),
  ageMs: fc.integer({ min: 0, max: 40_000 }),
  blocks: fc.constant(1),
});
const between = fc.record({
  lagBlocks: fc.integer({ min: 6, max: 9 }),
  ageMs: fc.integer({ min: 10_001, max: 19_999 }),
  blocks: fc.constant(1),
});

// Goal: a node whose lag trembles does not flap. Method: any history, then any lags between the two thresholds.
test('between half of the bounds and the bounds, the state stays what it was', () => {
  fc.assert(
    fc.property(
      fc.array(lag, { minLength: 2, maxLength: 20 }),
      fc.array(between, { maxLength: 20 }),
      (history, trembling) => {
        const states = run([...history, ...trembling]).map(({ state }) => state);
        const settled = states[history.length - 1] ?? 'ready';
        const later = states.slice(history.length).filter((state) => state !== settled);
        // The one exception: the first move since the start tells `starting` from `progressing`.
        expect(new Set(later).size).toBeLessThanOrEqual(settled === 'starting' ? 1 : 0);
      },
    ),
  );
});

test('each entry to lagging is at both bounds, and each return to ready is at half of both', () => {
  fc.assert(
    fc.property(fc.array(lag, { maxLength: 60 }), (steps) => {
      const seen = run(steps);
      seen.forEach(({ state, step }, index) => {
        const before = seen[index - 1]?.state;
        const blocks = step.lagBlocks === 0 ? Math.floor(step.ageMs / 2_000) : step.lagBlocks;
        if (state === 'lagging' && before === 'ready') {
          expect(blocks).toBeGreaterThanOrEqual(10);
          expect(step.ageMs).toBeGreaterThanOrEqual(20_000);
        }
        if (state === 'ready' && before === 'lagging') {
          expect(blocks).toBeLessThanOrEqual(5);
          expect(step.ageMs).toBeLessThanOrEqual(10_000);
        }
      });
    }),
  );
});

test('a node that stops for longer than its block times is never ready, and one that moves is never stalled', () => {
  const blocks = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 80 });
  fc.assert(
    fc.property(blocks, (moves) => {
      const seen = run(moves.map((count) => ({ lagBlocks: 0, ageMs: 0, blocks: count })));
      let stillMs = 0;
      seen.forEach(({ state, step }, index) => {
        stillMs = step.blocks > 0 || index === 0 ? 0 : stillMs + PERIOD_MS;
        if (stillMs > LIMITS.stallBlocks * LIMITS.blockTimeMs) expect(state).toBe('stalled');
      });
      if (!/0{20}/.test(moves.join(''))) expect(seen.some(({ state }) => state === 'stalled')).toBe(false);
    }),
  );
});
