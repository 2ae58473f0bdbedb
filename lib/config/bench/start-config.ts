/** Starts a configuration in a process that has done nothing else: `node start-config.ts FILES…` prints `StartFigures`. */
const importStartedMs = performance.now();
const { environmentSource, fileSource, openConfig } = await import('../src/index.ts');
const { PREFIX } = await import('./five-sources.ts');
const importMs = performance.now() - importStartedMs;

export type StartFigures = {
  /** The modules of the package and what they need. */
  readonly importMs: number;
  /** From the call of `openConfig` to all values, with the parsers that it loads for them. */
  readonly openMs: number;
  /** Processor time of the thread for that. */
  readonly threadMs: number;
  readonly keyCount: number;
};

const cpuBefore = process.threadCpuUsage();
const startedMs = performance.now();
await using config = await openConfig({
  environment: process.env,
  store: false,
  sources: [...process.argv.slice(2).map((file) => fileSource(file)), environmentSource({ prefix: PREFIX })],
});
const openMs = performance.now() - startedMs;
const { user, system } = process.threadCpuUsage(cpuBefore);
const figures: StartFigures = {
  importMs,
  openMs,
  threadMs: (user + system) / 1_000,
  keyCount: Object.keys(config.snapshot().values).length,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
