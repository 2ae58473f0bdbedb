/**
 * Loaded before each test file by `vitest.config.ts` when `FUZZ_SECONDS` or `SEED` is set: properties then run for that
 * many seconds each instead of fast-check's hundred runs, and start from that seed. A property that names its own
 * `numRuns` or `seed` keeps them.
 */
import fc from 'fast-check';

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 0);
const seed = process.env['SEED'];

fc.configureGlobal({
  ...(seconds > 0 ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1_000 } : {}),
  ...(seed === undefined ? {} : { seed: Number(seed) }),
});
