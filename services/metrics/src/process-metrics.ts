/**
 * What each unit that Plumb runs uses, with the processes that it started: read from /proc, so Linux only; elsewhere
 * the answer is empty. A unit's process is the leader of its group; its descendants are followed while they stay in it.
 */
import fs from 'node:fs/promises';
import { formatExposition, type MetricFamily } from './exposition-text.ts';
import { TICKS_PER_SECOND } from './host-metrics.ts';

export type UnitProcess = { readonly application: string; readonly component: string; readonly pid: number };

/** Processes of one unit that are counted; a fork bomb must not make us read /proc for ever. */
const PROCESSES_MAX = 500;

type Usage = { cpuSeconds: number; residentBytes: number; openFiles: number; threads: number; processes: number };

/** The exposition text of this moment. A unit whose process has gone, or may not be read, is left out. */
export async function collectProcessMetrics(units: readonly UnitProcess[], procDirectory = '/proc'): Promise<string> {
  const used = await Promise.all(
    units.map(async ({ application, component, pid }) => ({
      labels: { application, component },
      usage: await usageOfGroup(procDirectory, pid),
    })),
  );
  const family = (name: string, type: MetricFamily['type'], help: string, key: keyof Usage): MetricFamily => ({
    name,
    type,
    help,
    samples: used.flatMap(({ labels, usage }) => (usage === undefined ? [] : [{ labels, value: usage[key] }])),
  });
  return formatExposition([
    family('plumb_unit_cpu_seconds_total', 'counter', 'CPU time used by the unit.', 'cpuSeconds'),
    family('plumb_unit_resident_memory_bytes', 'gauge', 'Memory used by the unit.', 'residentBytes'),
    family('plumb_unit_open_fds', 'gauge', 'Files and sockets that the unit holds open.', 'openFiles'),
    family('plumb_unit_threads', 'gauge', 'Threads of the unit.', 'threads'),
    family('plumb_unit_processes', 'gauge', 'Processes of the unit.', 'processes'),
  ]);
}

async function usageOfGroup(procDirectory: string, leader: number): Promise<Usage | undefined> {
  const sum: Usage = { cpuSeconds: 0, residentBytes: 0, openFiles: 0, threads: 0, processes: 0 };
  const seen = new Set<number>([leader]);
  // The set grows while it is walked: its order is that of a breadth-first search.
  for (const pid of seen) {
    if (sum.processes === PROCESSES_MAX) break;
    const one = await readProcess(`${procDirectory}/${pid}`).catch(() => undefined);
    if (one === undefined || (pid !== leader && one.group !== leader)) continue;
    sum.cpuSeconds += one.cpuSeconds;
    sum.residentBytes += one.residentBytes;
    sum.openFiles += one.openFiles;
    sum.threads += one.threads;
    sum.processes += 1;
    for (const child of one.children) seen.add(child);
  }
  return sum.processes === 0 ? undefined : sum;
}

async function readProcess(
  directory: string,
): Promise<Omit<Usage, 'processes'> & { readonly group: number; readonly children: readonly number[] }> {
  const [stat, status, files, tasks] = await Promise.all([
    fs.readFile(`${directory}/stat`, 'utf8'),
    fs.readFile(`${directory}/status`, 'utf8'),
    // Another user's process shows everything but its files.
    fs.readdir(`${directory}/fd`).catch(() => []),
    fs.readdir(`${directory}/task`),
  ]);
  const children = await Promise.all(
    tasks.map((task) => fs.readFile(`${directory}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  // The second field is the program's name in brackets, which may itself hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const number = (index: number): number => Number(fields[index] ?? 0);
  return {
    group: number(2),
    // Own time, and that of children which have ended: what a child used is not lost when it goes.
    cpuSeconds: (number(11) + number(12) + number(13) + number(14)) / TICKS_PER_SECOND,
    residentBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024,
    openFiles: files.length,
    threads: tasks.length,
    children: children.flatMap((text) => text.split(' ').filter(Boolean).map(Number)),
  };
}
