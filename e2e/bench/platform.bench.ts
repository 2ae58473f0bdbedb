/**
 * The platform as a person meets it, with the example application and its chain, in medians of several rounds: warm
 * start, a value's way to the running process, a killed process' way out of the dictionary and back, Ctrl-C, and the
 * memory of plumbd at rest. There is no peer that does all of it; what a part has a peer for is compared beside that part.
 *
 * `npm run bench -- platform [--json]`; `PLATFORM_ROUNDS` and `PLATFORM_REST_MS` make it shorter.
 */
import fs from 'node:fs/promises';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { type BenchResult, medianOf, printBench } from '@plumb/testing/bench';
import { type PlumbProcess, startPlumb, TIPJAR } from '../src/plumb-process.ts';

const ROUNDS = Number(process.env['PLATFORM_ROUNDS'] ?? 5);
/** Long enough for the first collections of garbage, and for what start-up needed to be given back. */
const REST_MS = Number(process.env['PLATFORM_REST_MS'] ?? 60_000);

const samples = new Map<string, { unit: string; goal: number; values: number[] }>();

function record(name: string, unit: string, goal: number, value: number): void {
  const sample = samples.get(name) ?? { unit, goal, values: [] };
  sample.values.push(value);
  samples.set(name, sample);
}

await using directory = await openTemporaryDirectory();
for (let round = 0; round <= ROUNDS; round += 1) await measureRound(round > 0);
print();

/** The first round is the cold one: it fills the caches, and does not count. */
async function measureRound(counts: boolean): Promise<void> {
  const note: typeof record = (...args) => counts && record(...args);
  const startedAt = performance.now();
  const plumb = await startPlumb({
    dataDirectory: directory.path,
    deploy: TIPJAR,
    isLean: true,
    words: ['--scrape-period', '5s'],
  });
  note('warm start to a ready application and chain', 'ms', 5_000, performance.now() - startedAt);
  note('a changed value reaches the page', 'ms', 200, await measureConfig(plumb));
  const { leftMs, backMs } = await measureKill(plumb);
  note('a killed process leaves resolve', 'ms', 1_000, leftMs);
  note('a killed process is ready again', 'ms', 5_000, backMs);
  const commandAt = performance.now();
  await plumb.run('status');
  note('plumb status', 'ms', 500, performance.now() - commandAt);
  if (counts && samples.get('memory of plumbd at rest') === undefined) {
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    note('memory of plumbd at rest', 'MB', 150, (await residentBytes(plumb.pid)) / 1e6);
  }
  note('Ctrl-C to the end', 'ms', 5_000, (await plumb.end('SIGINT')).tookMs);
}

async function measureConfig({ services }: PlumbProcess): Promise<number> {
  const [application] = await services.deploy.status({});
  const url = application?.units.find(({ component }) => component === 'web')?.url ?? '';
  const title = `Round ${performance.now()}`;
  const startedAt = performance.now();
  await services.config.set({ application: 'tipjar', key: 'title', value: title });
  await until('the page shows it', async () => (await (await fetch(url)).text()).includes(title), { periodMs: 1 });
  return performance.now() - startedAt;
}

async function measureKill({ services }: PlumbProcess): Promise<{ leftMs: number; backMs: number }> {
  const countReady = async (): Promise<number> =>
    (await services.registry.resolve({ service: 'tipjar-web' })).instances.length;
  await until('the service is ready', async () => (await countReady()) === 1);
  const pid = (await services.deploy.status({}))[0]?.units.find(({ component }) => component === 'web')?.pid ?? 0;
  const startedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  await until('it left', async () => (await countReady()) === 0, { periodMs: 1 });
  const leftMs = performance.now() - startedAt;
  await until('it is back', async () => (await countReady()) === 1, { periodMs: 5 });
  return { leftMs, backMs: performance.now() - startedAt };
}

async function residentBytes(pid: number): Promise<number> {
  const [, kibibytes = '0'] = /VmRSS:\s+(\d+)/.exec(await fs.readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1_024;
}

function print(): void {
  const results = [...samples].map(([name, { unit, goal, values }]): BenchResult => {
    return { name, unit, better: 'lower', ours: medianOf(values), goal };
  });
  printBench({ bench: 'platform', rounds: ROUNDS, results });
}
