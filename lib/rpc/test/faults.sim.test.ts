// Goal: whatever goes wrong, no call completes twice, nothing that is not idempotent runs twice, no item of a stream is lost
// without an error, every call ends by its deadline, and nothing is left when all is over. Method: random schedules of
// calls and faults over the real code down to its bytes, on a network and a clock in memory; the seed is shown.
import { expect, test, vi } from 'vitest';
import { runSchedule, type ScheduleResult } from './fault-schedule.ts';

vi.mock('node:net', async () => (await import('./fault-net.ts')).mocked);

const IS_SOAK = process.env['FUZZ_SECONDS'] !== undefined;
/** Another number with `FAULT_ROUNDS=`; one alone with `SEED=17 FAULT_ROUNDS=1`. */
const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? (IS_SOAK ? 10_000 : 200));
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
/** Far more than a round takes on a busy machine. */
const ROUND_TIMEOUT_MS = 1_000;
/** Whoever looks into them wants to see whether they have something in common. */
const FAILED_MAX = 5;
const SAME_ROUNDS = 5;

/** What so many schedules have shown, or they do not show what they are for. */
const ALL_SEEN_ROUNDS = 100;
const SEEN = [
  ...['once', 'safe', 'hop', 'count', 'relay', 'sum', 'each'].flatMap((kind) =>
    ['ok', 'cancelled', 'deadline', 'unavailable'].map((end) => `${kind}: ${end}`),
  ),
  'count: left',
  'relay: left',
  'hang: deadline',
  'hang: unavailable',
  'sinks: over',
  'feed: snapshot',
  'feed: changes',
  'told that it did not run',
  'log: rpc.connection-lost',
  'log: rpc.connect-failed',
  'log: rpc.ejected',
];

test(
  `${ROUNDS} random schedules of faults, from seed ${FIRST_SEED}`,
  async () => {
    const counts = new Map<string, number>();
    const failed: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed += 1) {
      const result = await runSchedule(seed);
      if (result.faults.length > 0) failed.push(describe(result));
      if (failed.length === FAILED_MAX) break;
      for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    }
    expect(failed.join('\n\n')).toBe('');
    if (ROUNDS >= ALL_SEEN_ROUNDS) expect(SEEN.filter((what) => !counts.has(what))).toEqual([]);
  },
  ROUND_TIMEOUT_MS * ROUNDS + 20_000,
);

test('a schedule goes the same way each time', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SAME_ROUNDS; seed += 1) {
    const [first, second] = [await runSchedule(seed), await runSchedule(seed)];
    expect([second.steps, [...second.counts]], `seed ${seed}`).toEqual([first.steps, [...first.counts]]);
  }
}, 60_000);

function describe({ seed, faults, steps }: ScheduleResult): string {
  return [`replay with SEED=${seed} FAULT_ROUNDS=1; what was done:`, ...steps, 'what was wrong:', ...faults].join('\n');
}
