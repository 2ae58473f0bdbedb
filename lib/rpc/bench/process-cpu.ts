import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';

/** `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux of today. */
const TICK_US = 10_000;

/** Processor time so far, of this process and of a helper, that of the latter in steps of 10 ms. */
export function ownCpuUs(helper?: ChildProcess): number {
  const { user, system } = process.cpuUsage();
  return user + system + (helper === undefined ? 0 : processCpuUs(helper.pid));
}

/** Of all threads of another process; 0 where the system has no `/proc`. */
function processCpuUs(pid: number | undefined): number {
  if (pid === undefined || process.platform !== 'linux') return 0;
  // proc(5): the name in brackets may hold anything; utime and stime are the 12th and 13th field after it.
  const fields = fs
    .readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}
