import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { parseExposition } from './exposition.ts';
import { collectProcessMetrics } from './process-metrics.ts';

const valuesOf = async (pid: number): Promise<Record<string, number>> => {
  const text = await collectProcessMetrics([{ application: 'tipjar', component: 'web', pid }]);
  return Object.fromEntries(
    parseExposition(text).samples.map(({ labels, value }) => [labels['__name__'] ?? '', value]),
  );
};

test.runIf(process.platform === 'linux')(
  'a unit is counted with its children, and is left out once it has gone',
  async () => {
    const child = spawn('sh', ['-c', 'sleep 60 & sleep 60 & wait'], { detached: true, stdio: 'ignore' });
    const pid = child.pid ?? 0;
    try {
      const values = await until('the shell and both children run', async () => {
        const found = await valuesOf(pid);
        return found['plumb_unit_processes'] === 3 && found;
      });
      expect(values).toMatchObject({ plumb_unit_threads: 3, plumb_unit_cpu_seconds_total: expect.any(Number) });
      expect(values['plumb_unit_resident_memory_bytes']).toBeGreaterThan(3 * 100_000);
      expect(values['plumb_unit_open_fds']).toBeGreaterThanOrEqual(9);
    } finally {
      process.kill(-pid, 'SIGKILL');
      await once(child, 'exit');
    }
    expect(await valuesOf(pid)).toEqual({});
  },
);

test.runIf(process.platform === 'linux')(
  'a process that is not the leader of a group still answers for itself',
  async () => {
    const values = await valuesOf(process.pid);
    expect(values['plumb_unit_resident_memory_bytes']).toBeGreaterThan(10_000_000);
    expect(values['plumb_unit_cpu_seconds_total']).toBeGreaterThan(0);
  },
);
