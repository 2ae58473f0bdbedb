/**
 * What calls, streams, payloads and publishing cost between two processes on one machine, over TCP on loopback, beside
 * what a Node team would take in place of ours: an object of 200 bytes there and back, one call at a time and 64 at a time,
 * with CURVE, items of a stream, calls beside a stream, 1 MiB there and back, changes published to 100 subscribers.
 * Processor time is that of all processes at work.
 *
 * Each peer has a server and a caller of its own, which wait while others are measured. The peers take turns load by
 * load in every round, in an order that turns as well; the first round warms up and does not count. Medians.
 *
 * `npm run bench -- rpc [--json] [--only plumb,zeromq] [--loads inFlight,stream]`. In the environment: `RPC_BENCH_PEERS`
 * and `RPC_BENCH_LOADS` for the same, `RPC_BENCH_MS`, how long a load is put on, `RPC_BENCH_ROUNDS`, how often.
 */
import { parseArgs } from 'node:util';
import { printBench } from '@plumb/testing/bench';
import { type BenchPair, openPair, type Sample } from './bench-pair.ts';
import { chosen } from './chosen.ts';
import { resultsOf, type Round } from './figures.ts';
import type { LoadName } from './loads.ts';
import { PEERS } from './peers/index.ts';
import { TOPIC_PEERS } from './peers/topics.ts';
import { openPublishBenches, SUBSCRIBERS } from './publish-benches.ts';
import { publishResults, type PublishRound } from './publish-load.ts';

const CALL_LOADS: readonly LoadName[] = ['oneByOne', 'inFlight', 'sealed', 'stream', 'besideStream', 'payload'];
const PUBLISH = 'publish';
/** A stream is long enough that its beginning does not count, and short enough that several fit into the time. */
const STREAM_ITEMS_PER_MS = 10;

const { env } = process;
const { values: flags } = parseArgs({
  options: { json: { type: 'boolean' }, only: { type: 'string' }, loads: { type: 'string' } },
});
const periodMs = Number(env['RPC_BENCH_MS'] ?? 1_000);
const roundCount = Number(env['RPC_BENCH_ROUNDS'] ?? 5);
const peers = chosen(flags.only ?? env['RPC_BENCH_PEERS'], Object.keys(PEERS));
const loads = chosen(flags.loads ?? env['RPC_BENCH_LOADS'], [...CALL_LOADS, PUBLISH]);
const topicPeers = loads.includes(PUBLISH) ? peers.filter((peer) => peer in TOPIC_PEERS) : [];
const options = { periodMs, streamItems: Math.ceil(periodMs * STREAM_ITEMS_PER_MS) };

using opened = new DisposableStack();
const pairs: BenchPair[] = [];
for (const pair of await Promise.allSettled(peers.map(async (peer) => [peer, await openPair(peer)] as const))) {
  if (pair.status === 'rejected') throw pair.reason;
  const [peer, outcome] = pair.value;
  if (typeof outcome === 'string') process.stderr.write(`left out: ${peer}: ${outcome}\n`);
  else pairs.push(opened.use(outcome));
}
const [hash, ...others] = new Set(pairs.map((pair) => pair.hash));
if (others.length > 0) throw new Error(`the peers answer differently: ${pairs.map((pair) => pair.hash).join(', ')}`);

using publishing = await openPublishBenches(topicPeers, periodMs);
const rounds: Round[] = [];
const publishRounds: PublishRound[] = [];
for (let round = 0; round <= roundCount; round += 1) {
  const samples = Object.fromEntries(pairs.map(({ peer }) => [peer, {} as Partial<Record<LoadName, Sample>>]));
  for (const load of CALL_LOADS.filter((one) => loads.includes(one))) {
    for (let i = 0; i < pairs.length; i += 1) {
      const pair = pairs[(i + round) % pairs.length] as BenchPair;
      if (pair.loads.includes(load)) (samples[pair.peer] ?? {})[load] = await pair.run(load, options);
    }
  }
  const published = await publishing.run(round);
  if (round === 0) continue;
  rounds.push(samples);
  publishRounds.push(published);
}
const notes = Object.fromEntries(pairs.map(({ peer, settings }) => [peer, settings]));
printBench({
  bench: 'rpc',
  rounds: roundCount,
  results: [...resultsOf(rounds), ...publishResults(publishRounds, SUBSCRIBERS)],
  notes: { ...notes, ...publishing.settings, answers: `hash ${hash}, of every peer` },
});
