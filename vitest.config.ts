import { defineConfig } from 'vitest/config';
import { lastLineReporter } from './tools/src/last-line-reporter.ts';

/** The suffix of a test's file says what it needs; what needs much runs later and beside less. */
const TESTS = '{lib,services,apps,examples,e2e,bench,tools}/**/*';
const SYSTEM = [`${TESTS}.system.test.{ts,tsx}`, 'examples/*/test.ts'];
const BROWSER = [`${TESTS}.browser.test.{ts,tsx}`];
const EXCLUDE = ['**/node_modules/**', '**/dist/**'];

/** Time-outs only matter when something is broken: they allow for two busy cores. */
const UNIT_TIMEOUT_MS = 20_000;
const SYSTEM_TIMEOUT_MS = 120_000;
/** As `until` of @plumb/testing; the default of a second is what a busy machine takes for files and keys. */
const POLL_TIMEOUT_MS = 15_000;

/** With `FUZZ_SECONDS` (npm run test:soak) every property runs that long; with `SEED` it starts from that seed. */
const soakSeconds = Number(process.env['FUZZ_SECONDS'] ?? 0);
const soakMs = soakSeconds * 1_000;
const setupFiles = soakSeconds > 0 || process.env['SEED'] !== undefined ? ['./tools/src/soak-setup.ts'] : [];

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: {
    reporters: ['default', lastLineReporter()],
    setupFiles,
    expect: { poll: { timeout: POLL_TIMEOUT_MS } },
    hookTimeout: SYSTEM_TIMEOUT_MS,
    teardownTimeout: 10_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [`${TESTS}.test.{ts,tsx}`],
          exclude: [...EXCLUDE, ...SYSTEM, ...BROWSER],
          testTimeout: UNIT_TIMEOUT_MS + soakMs,
          // Vitest leaves one core to itself, which on two is half of them. Order 0 would put a single worker last.
          maxWorkers: '100%',
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: SYSTEM,
          exclude: EXCLUDE,
          testTimeout: SYSTEM_TIMEOUT_MS + soakMs,
          // Each of these starts processes of its own: two at a time fill two cores.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: BROWSER,
          exclude: EXCLUDE,
          testTimeout: SYSTEM_TIMEOUT_MS,
          // A browser and a whole platform: alone, so that what is measured in seconds stays true.
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
