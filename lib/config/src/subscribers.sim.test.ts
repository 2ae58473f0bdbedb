// Goal: whatever happens to the store and to the connections, every reader ends with what the store says is in force where
// it is, was told of each path at most once a change set and never in vain, and never saw half a revision; and the store
// knows that. Method: random schedules on the real store, feed, connections and readers, with time in memory.
import { generateIdentity } from '@plumb/vault';
import { expect, test } from 'vitest';
import { createScheduleKeys, runSchedule, type ScheduleResult } from '../test/subscriber-schedule.ts';

const IS_SOAK = process.env['FUZZ_SECONDS'] !== undefined;
/** Another number with `SUBSCRIBER_ROUNDS=`; one alone with `SEED=17 SUBSCRIBER_ROUNDS=1`. */
const ROUNDS = Number(process.env['SUBSCRIBER_ROUNDS'] ?? (IS_SOAK ? 10_000 : 300));
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
/** Far more than a round takes on a busy machine. */
const ROUND_TIMEOUT_MS = 1_000;
/** Whoever looks into them wants to see whether they have something in common. */
const FAILED_MAX = 5;

/** What so many schedules have shown, or they do not show what they are for. */
const ALL_SEEN_ROUNDS = 100;
const SEEN = [
  'change',
  'provision',
  'rollback',
  'rollout',
  'rollout started',
  'rollout widened',
  'rollout reverted',
  'refused: conflict',
  'refused: invalid',
  'cut',
  'left',
  'came',
  'change sets',
  'told',
  'converged',
  'log: config.source-trouble',
  'log: config.source-recovered',
];

test(
  `${ROUNDS} random lives of a configuration and its readers, from seed ${FIRST_SEED}`,
  async () => {
    const keys = await createScheduleKeys(await generateIdentity(), await generateIdentity());
    const counts = new Map<string, number>();
    const failed: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed += 1) {
      const result = await runSchedule(seed, keys);
      if (result.faults.length > 0) failed.push(describe(result));
      if (failed.length === FAILED_MAX) break;
      for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    }
    expect(failed.join('\n\n')).toBe('');
    if (ROUNDS >= ALL_SEEN_ROUNDS) expect(SEEN.filter((what) => !counts.has(what))).toEqual([]);
  },
  ROUND_TIMEOUT_MS * ROUNDS + 20_000,
);

function describe({ seed, faults, steps }: ScheduleResult): string {
  return [`replay with SEED=${seed} SUBSCRIBER_ROUNDS=1; what was done:`, ...steps, 'what was wrong:', ...faults].join(
    '\n',
  );
}
