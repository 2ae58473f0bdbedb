/** What every benchmark prints: a line a figure, ours beside each peer's of the same run, or with `--json` the project's common format. */
import os from 'node:os';

export type BenchResult = {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly ours: number;
  /** The same figure of others, measured in the same run. */
  readonly peers?: Readonly<Record<string, number>>;
  readonly goal?: number;
};

export type BenchReport = {
  readonly bench: string;
  /** How often each figure was measured. */
  readonly rounds: number;
  readonly results: readonly BenchResult[];
  /** What a reader must know to judge the figures, such as the settings of each peer. */
  readonly notes?: Readonly<Record<string, string>>;
};

/** Writes the report to standard output, as JSON where the command line has `--json`. Figures are cut to three digits. */
export function printBench(report: BenchReport): void {
  const isJson = process.argv.includes('--json');
  process.stdout.write(`${isJson ? JSON.stringify(benchRecord(report), undefined, 2) : formatBench(report)}\n`);
}

/** `{bench, machine, rounds, results: [{name, unit, better, ours, peers, goal, met}], notes}`; `goal` and `met` are null where there is none. */
export function benchRecord({ bench, rounds, results, notes = {} }: BenchReport): object {
  return {
    bench,
    machine: describeMachine(),
    rounds,
    results: results.map((result) => {
      const { name, unit, better, ours, peers = {}, goal = null } = result;
      return { name, unit, better, ours: rounded(ours), peers: roundedAll(peers), goal, met: isMet(result) };
    }),
    notes,
  };
}

export function formatBench({ bench, rounds, results, notes = {} }: BenchReport): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = results.map((result) => {
    const { name, unit, ours, peers = {}, goal } = result;
    const others = Object.entries(peers).map(([peer, value]) => `${peer} ${rounded(value)}`);
    const target = goal === undefined ? [] : [`goal ${goal}: ${isMet(result) === true ? 'met' : 'MISSED'}`];
    const rest = [...others, ...target].map((text) => `   ${text}`).join('');
    return `  ${name.padEnd(width)} ${String(rounded(ours)).padStart(9)} ${unit}${rest}`;
  });
  const remarks = Object.entries(notes).map(([subject, text]) => `  ${subject}: ${text}`);
  return [`${bench}, ${rounds} rounds on ${describeMachine()}`, ...lines, ...remarks].join('\n');
}

/** Of an even number of values the greater middle one; NaN of none. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function describeMachine(): string {
  const cores = os.cpus();
  const model = cores[0]?.model.trim() ?? 'unknown';
  return `${cores.length} cores, ${model}, Node ${process.version}, load ${os.loadavg()[0]?.toFixed(1)}`;
}

function isMet({ better, ours, goal }: BenchResult): boolean | null {
  if (goal === undefined) return null;
  return better === 'higher' ? ours >= goal : ours <= goal;
}

/** Three significant digits; whole numbers stay whole. */
function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));
}

function roundedAll(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rounded(value)]));
}
