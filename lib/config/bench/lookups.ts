/** The same lookups in the same order in ours and in what Node.js programs use, all on the same 5,000 values. */
import { createRequire } from 'node:module';
import { type BenchResult, medianOf } from '@plumb/testing/bench';
import { type Config, type ConfigObject, openConfig } from '../src/index.ts';

const GET_NS_GOAL = 200;

const load = createRequire(import.meta.url);

type Lookup = (path: string) => unknown;
type Size = { readonly rounds: number; readonly roundMs: number };

/** Nanoseconds of processor time of the thread for one lookup, by who is asked; the median of rounds that take turns. */
export async function measureLookups(
  tree: ConfigObject,
  paths: readonly string[],
  sizes: Size,
): Promise<BenchResult[]> {
  await using config = await openConfig({ defaults: tree });
  const snapshot = config.snapshot();
  const lookups = { ours: config.get, ...peersOf(tree) };
  checkEqual(lookups, paths);
  const timed = measure(lookups, paths, sizes);
  const { ours = 0, ...peers } = timed;
  const alone = measure({ snapshot: snapshot.get, ...branchLookup(config, paths) }, paths, sizes);
  return [
    { name: 'get, 5,000 keys', unit: 'ns', better: 'lower', ours, peers, goal: GET_NS_GOAL },
    { name: 'get of a snapshot', unit: 'ns', better: 'lower', ours: alone['snapshot'] ?? 0 },
    { name: 'get of a branch', unit: 'ns', better: 'lower', ours: alone['branch'] ?? 0 },
  ];
}

/** Paths from the first name on, at the branch that the first name is. */
function branchLookup(config: Config, paths: readonly string[]): { readonly branch: Lookup } {
  const parts = new Map(paths.map((path) => [path, splitFirst(path)]));
  const branches = new Map([...parts.values()].map(([first]) => [first, config.branch(first)]));
  return {
    branch(path) {
      const [first = '', rest = ''] = parts.get(path) ?? [];
      return branches.get(first)?.get(rest);
    },
  };
}

function splitFirst(path: string): readonly [string, string] {
  const at = path.indexOf('.');
  return [path.slice(0, at), path.slice(at + 1)];
}

/** `config` and `convict` take dotted paths; `nconf` takes them with colons, which are made beforehand. */
function peersOf(tree: ConfigObject): Readonly<Record<string, Lookup>> {
  process.env['SUPPRESS_NO_CONFIG_WARNING'] = 'true';
  process.env['NODE_CONFIG'] = JSON.stringify(tree);
  process.env['NODE_CONFIG_DIR'] = import.meta.dirname;
  const npmConfig = load('config') as { readonly get: Lookup };
  delete process.env['NODE_CONFIG'];
  const convict = load('convict') as (schema: object) => { readonly get: Lookup };
  const convicted = convict(convictSchema(tree));
  const nconf = load('nconf') as { readonly get: Lookup; readonly defaults: (values: object) => void };
  nconf.defaults(structuredClone(tree));
  const colons = new Map<string, string>();
  return {
    config: (path) => npmConfig.get(path),
    convict: (path) => convicted.get(path),
    nconf(path) {
      let colon = colons.get(path);
      if (colon === undefined) colons.set(path, (colon = path.replaceAll('.', ':')));
      return nconf.get(colon);
    },
  };
}

function convictSchema(tree: ConfigObject): object {
  return Object.fromEntries(
    Object.entries(tree).map(([name, value]) => [
      name,
      typeof value === 'object' ? convictSchema(value as ConfigObject) : { default: value, format: '*' },
    ]),
  );
}

/** Nobody is fast with wrong values. */
function checkEqual(lookups: Readonly<Record<string, Lookup>>, paths: readonly string[]): void {
  for (const [who, lookup] of Object.entries(lookups)) {
    const wrong = paths.find((path) => lookup(path) !== lookups['ours']?.(path) || lookup(path) === undefined);
    if (wrong !== undefined) throw new Error(`${who} says ${String(lookup(wrong))} for ${wrong}`);
  }
}

function measure(
  lookups: Readonly<Record<string, Lookup>>,
  paths: readonly string[],
  { rounds: roundCount, roundMs }: Size,
): Record<string, number> {
  const rounds = Array.from({ length: roundCount }, () =>
    Object.entries(lookups).map(([who, lookup]) => [who, nanosecondsOf(lookup, paths, roundMs)] as const),
  );
  return Object.fromEntries(
    Object.keys(lookups).map((who) => [
      who,
      medianOf(rounds.map((round) => round.find(([one]) => one === who)?.[1] ?? 0)),
    ]),
  );
}

function nanosecondsOf(lookup: Lookup, paths: readonly string[], roundMs: number): number {
  const before = process.threadCpuUsage();
  const startedMs = performance.now();
  let count = 0;
  let sum = 0;
  while (performance.now() - startedMs < roundMs) {
    for (const path of paths) if (lookup(path) === true) sum += 1;
    count += paths.length;
  }
  const { user, system } = process.threadCpuUsage(before);
  // Used, so that nothing of it can be left out.
  return ((user + system) * 1_000) / (count + (sum < 0 ? 1 : 0));
}
