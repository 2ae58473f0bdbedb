/**
 * Publish and subscribe over ZeroMQ on TCP, on one machine: one publisher, 100 subscribers in another process with a
 * connection each, values that are numbers on 1,000 topics. Every subscriber checks that it is told of each change once
 * and in order. Medians; the first round warms up and does not count.
 *
 * `npm run bench -- publish [--json]`; `PUBLISH_BENCH_MS` is how long a round publishes, `PUBLISH_BENCH_ROUNDS` how many.
 */
import { printBench } from '@plumb/testing/bench';
import { openPublishBench, type PublishMeasured, publishResults } from './publish-load.ts';

const SUBSCRIBERS = 100;
const PERIOD_MS = Number(process.env['PUBLISH_BENCH_MS'] ?? 1_000);
const ROUNDS = Number(process.env['PUBLISH_BENCH_ROUNDS'] ?? 5);
/** Changes of one turn: as many come together where a publisher is as busy as this. */
const TURN_CHANGES = 64;

const options = { subscriberCount: SUBSCRIBERS, processCount: 1, periodMs: PERIOD_MS, turnChanges: TURN_CHANGES };
const rounds: PublishMeasured[] = [];
{
  using bench = await openPublishBench(options);
  for (let round = 0; round <= ROUNDS; round += 1) {
    const measured = await bench.run();
    if (round > 0) rounds.push(measured);
  }
}
printBench({ bench: 'publish', rounds: ROUNDS, results: publishResults(rounds, SUBSCRIBERS) });
