// plumbd is killed with SIGKILL while it is written to: what it acknowledged is there when it comes back.
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { ownedProcesses, startPlumb, TIPJAR } from './src/plumb-process.ts';

/** Samples of the last seconds may be lost with the process. */
const SAMPLES_LOST_MS_MAX = 2_000;

test('kill -9 of plumbd under writes loses nothing that it acknowledged, and leaves no second copy', async () => {
  await using directory = await openTemporaryDirectory();
  const acknowledged = new Map<string, { value: number; revision: number }>();
  const first = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR });
  const pids = (await first.services.deploy.status({}))[0]?.units.map(({ pid }) => pid) ?? [];
  expect(pids).toHaveLength(2);
  await until(
    'samples were scraped',
    async () =>
      (await first.services.metrics.query({ query: 'chain_height' })).kind === 'vector' &&
      (await latestSampleAt(first)) > 0,
  );

  let written = 0;
  const write = async (writer: number): Promise<void> => {
    for (let i = 0; ; i += 1) {
      const key = `load.w${writer}.k${i % 50}`;
      const outcome = await first.services.config.set({ application: 'tipjar', key, value: i });
      if (outcome.kind === 'stored') acknowledged.set(key, { value: i, revision: outcome.revision });
      written += 1;
    }
  };
  const writers = [0, 1, 2, 3].map((writer) => write(writer).catch(() => undefined));
  await until('many writes are under way', () => written > 200);
  const lastSampleAt = await latestSampleAt(first);
  const killedAt = Date.now();
  await first.end('SIGKILL');
  await Promise.all(writers);

  await using second = await startPlumb({ dataDirectory: directory.path });
  const entries = new Map(
    (await second.services.config.list({ application: 'tipjar' })).map((entry) => [entry.key, entry]),
  );
  for (const [key, { value, revision }] of acknowledged) {
    const entry = entries.get(key);
    // A later write may have been stored without its acknowledgement having arrived.
    expect(entry?.revision, key).toBeGreaterThanOrEqual(revision);
    if (entry?.revision === revision) expect(entry.value).toBe(value);
  }
  expect(await second.services.registry.applications({})).toMatchObject([{ name: 'tipjar' }]);

  const units = await until('both units are ready again', async () => {
    const [application] = await second.services.deploy.status({});
    return (
      application?.units.length === 2 &&
      application.units.every(({ health }) => health.state === 'ready') &&
      application.units
    );
  });
  // Never two copies: what runs now is exactly what the status says, as process groups.
  const owned = await ownedProcesses(directory.path);
  const groups = new Set(await Promise.all(owned.map(groupOf)));
  expect(groups).toEqual(new Set(units.map(({ pid }) => pid ?? 0)));

  const kept = await second.services.metrics.queryRange({
    query: 'chain_height',
    startAt: killedAt - 60_000,
    endAt: killedAt,
    stepMs: 1_000,
  });
  const lastKeptAt = Math.max(...kept.series.flatMap(({ points }) => points.map(([at]) => at)));
  expect(lastKeptAt).toBeGreaterThanOrEqual(lastSampleAt - SAMPLES_LOST_MS_MAX);
});

async function latestSampleAt({ services }: Awaited<ReturnType<typeof startPlumb>>): Promise<number> {
  const result = await services.metrics.query({ query: 'timestamp(chain_height)' });
  return result.kind === 'vector' ? Number(result.samples[0]?.point[1] ?? 0) * 1_000 : 0;
}

async function groupOf(pid: number): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}
