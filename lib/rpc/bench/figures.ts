/** What is made of the samples of all rounds: a figure for each load, with the goals, and ours against the peers'. */
import { type BenchResult, medianOf } from '@plumb/testing/bench';
import type { Sample } from './bench-pair.ts';
import { IN_FLIGHT, type LoadName } from './loads.ts';

/** What each peer did in one round. */
export type Round = Readonly<Record<string, Readonly<Partial<Record<LoadName, Sample>>>>>;

type Figure = Pick<BenchResult, 'name' | 'unit' | 'better' | 'goal'> & {
  readonly load: LoadName;
  readonly of: (sample: Sample) => number;
};

const perSecond = (sample: Sample): number => sample.perSecond;
const cpu = (sample: Sample): number => sample.cpuUs;
const p50 = (sample: Sample): number => sample.latencyUs.p50;

const OURS = 'plumb';
const CPU = 'processor time of both sides';

const FIGURES: readonly Figure[] = [
  { load: 'oneByOne', name: 'calls, one after another', unit: '1/s', better: 'higher', of: perSecond },
  { load: 'oneByOne', name: 'p50 of a call', unit: 'µs', better: 'lower', of: p50 },
  { load: 'oneByOne', name: 'p99 of a call', unit: 'µs', better: 'lower', of: (sample) => sample.latencyUs.p99 },
  { load: 'oneByOne', name: `a call: ${CPU}`, unit: 'µs', better: 'lower', of: cpu },
  {
    load: 'inFlight',
    name: `calls, ${IN_FLIGHT} at a time`,
    unit: '1/s',
    better: 'higher',
    goal: 100_000,
    of: perSecond,
  },
  { load: 'inFlight', name: `such a call: ${CPU}`, unit: 'µs', better: 'lower', of: cpu },
  {
    load: 'sealed',
    name: `CURVE: calls, ${IN_FLIGHT} at a time`,
    unit: '1/s',
    better: 'higher',
    goal: 40_000,
    of: perSecond,
  },
  { load: 'sealed', name: `CURVE: such a call: ${CPU}`, unit: 'µs', better: 'lower', of: cpu },
  { load: 'stream', name: 'items of a stream', unit: '1/s', better: 'higher', goal: 500_000, of: perSecond },
  { load: 'stream', name: `an item: ${CPU}`, unit: 'µs', better: 'lower', of: cpu },
  { load: 'besideStream', name: 'p50 of a call beside a stream', unit: 'µs', better: 'lower', of: p50 },
  { load: 'payload', name: '1 MiB echoed', unit: 'MiB/s', better: 'higher', of: perSecond },
  { load: 'payload', name: `1 MiB echoed: ${CPU}`, unit: 'µs', better: 'lower', of: cpu },
];

/** Ours by theirs, round by round. */
const RATIOS = [
  { figure: `calls, ${IN_FLIGHT} at a time`, peer: 'zeromq', goal: 3 },
  { figure: `calls, ${IN_FLIGHT} at a time`, peer: 'grpc', goal: 10 },
  { figure: 'p50 of a call', peer: 'zeromq', goal: 0.5 },
];

/** Medians of the rounds. A figure that we have no sample of is left out, and a peer that has none is not named there. */
export function resultsOf(rounds: readonly Round[]): BenchResult[] {
  return [
    ...FIGURES.flatMap((figure) => resultOf(rounds, figure)),
    ...RATIOS.flatMap((ratio) => ratioOf(rounds, ratio)),
  ];
}

function resultOf(rounds: readonly Round[], { load, of, ...figure }: Figure): BenchResult[] {
  const names = Object.keys(rounds[0] ?? {});
  const values = names.flatMap((name) => {
    const samples = rounds.flatMap((round) => round[name]?.[load] ?? []);
    return samples.length === 0 ? [] : [[name, medianOf(samples.map(of))] as const];
  });
  const { [OURS]: ours, ...peers } = Object.fromEntries(values);
  return ours === undefined ? [] : [{ ...figure, ours, peers }];
}

function ratioOf(rounds: readonly Round[], { figure: name, peer, goal }: (typeof RATIOS)[number]): BenchResult[] {
  const figure = FIGURES.find((one) => one.name === name);
  if (figure === undefined) return [];
  const { load, of, better } = figure;
  const ratios = rounds.flatMap((round) => {
    const [ours, theirs] = [round[OURS]?.[load], round[peer]?.[load]];
    return ours === undefined || theirs === undefined ? [] : [of(ours) / of(theirs)];
  });
  if (ratios.length === 0) return [];
  return [{ name: `${name}: ours by that of ${peer}`, unit: '×', better, ours: medianOf(ratios), goal }];
}
