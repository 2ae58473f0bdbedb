/**
 * Publish and subscribe over TCP, on one machine: one publisher, 100 subscribers in another process with a connection each,
 * values that are numbers on 1,000 topics, beside PUB and SUB of the `zeromq` package and NATS, in turns. Every subscriber
 * checks that it is told of each change once and in order. Medians; the first round warms up and does not count.
 *
 * `npm run bench -- publish [--json] [--only plumb,zeromq]`; in the environment, `PUBLISH_BENCH_MS` is how long a round
 * publishes, `PUBLISH_BENCH_ROUNDS` how many there are, `PUBLISH_BENCH_PEERS` as `--only`.
 */
import { parseArgs } from 'node:util';
import { printBench } from '@plumb/testing/bench';
import { chosen } from './chosen.ts';
import { TOPIC_PEERS } from './peers/topics.ts';
import { openPublishBenches, SUBSCRIBERS } from './publish-benches.ts';
import { publishResults, type PublishRound } from './publish-load.ts';

const { env } = process;
const { values: flags } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string' } } });
const roundCount = Number(env['PUBLISH_BENCH_ROUNDS'] ?? 5);
const peers = chosen(flags.only ?? env['PUBLISH_BENCH_PEERS'], Object.keys(TOPIC_PEERS));

using benches = await openPublishBenches(peers, Number(env['PUBLISH_BENCH_MS'] ?? 1_000));
const rounds: PublishRound[] = [];
for (let round = 0; round <= roundCount; round += 1) {
  const measured = await benches.run(round);
  if (round > 0) rounds.push(measured);
}
const results = publishResults(rounds, SUBSCRIBERS);
printBench({ bench: 'publish', rounds: roundCount, results, notes: benches.settings });
