/**
 * Ends what a watcher that was killed has left running, so that there are never two copies of anything. A process is
 * known by a variable in its environment, which its children inherit; and with a process goes its group.
 */
import { type Clock, type Log, OperatingError, sleep } from '@plumb/base';
import { listProcesses, readProc, signalGroup, signalProcess } from './process-group.ts';

/** Names the owner of a process: set for everything that a unit starts. */
export const OWNER_VARIABLE = 'PLUMB_OWNER';

/** Between SIGTERM and SIGKILL. Short: somebody waits for the start, and the copies are to be replaced anyhow. */
const ORPHAN_GRACE_MS = 1_500;
/** After SIGKILL; only a process stuck in the kernel needs longer. */
const KILL_TIMEOUT_MS = 5_000;
const POLL_MS = 20;

export type OrphanDependencies = { readonly clock: Clock; readonly log: Log; readonly graceMs?: number };

/**
 * Ends all processes whose environment says `owner`, with their groups, and resolves with their ids when they are gone.
 * Does not touch this process or those that it descends from. On systems without /proc it finds nothing and says so in the log.
 * @throws OperatingError `unavailable` when one survives SIGKILL.
 */
export async function killOrphans(
  owner: string,
  { clock, log, graceMs = ORPHAN_GRACE_MS }: OrphanDependencies,
): Promise<number[]> {
  if (process.platform !== 'linux') {
    log.warn('supervise.orphans-unknown', { reason: 'left-over processes can only be found on Linux' });
    return [];
  }
  const ended = new Set<number>();
  const startedAt = clock.monotonicMs();
  for (;;) {
    // Again each time: one may have started another since.
    const orphans = findOrphans(owner);
    if (orphans.length === 0) return [...ended];
    const elapsedMs = clock.monotonicMs() - startedAt;
    if (elapsedMs > graceMs + KILL_TIMEOUT_MS) throw survivors(orphans);
    for (const { pid, groupId } of orphans) {
      const signal = elapsedMs < graceMs ? 'SIGTERM' : 'SIGKILL';
      // SIGTERM is sent once, since a program may take a second one for impatience.
      if (signal === 'SIGTERM' && ended.has(pid)) continue;
      if (!ended.has(pid)) log.warn('supervise.orphan', { pid, groupId, owner });
      ended.add(pid);
      if (groupId === undefined) signalProcess(pid, signal);
      else signalGroup(groupId, signal);
    }
    await sleep(clock, POLL_MS);
  }
}

type Orphan = { readonly pid: number; readonly groupId: number | undefined };

function findOrphans(owner: string): Orphan[] {
  const processes = listProcesses();
  const kin = new Set(ancestors(processes));
  const marker = `${OWNER_VARIABLE}=${owner}`;
  const ourGroups = new Set(processes.filter(({ pid }) => kin.has(pid)).map(({ groupId }) => groupId));
  const marked = processes.filter(({ pid, isRunning }) => isRunning && !kin.has(pid) && hasVariable(pid, marker));
  const groups = new Set(marked.map(({ groupId }) => groupId).filter((groupId) => !ourGroups.has(groupId)));
  return processes
    .filter(
      ({ pid, groupId, isRunning }) => isRunning && (groups.has(groupId) || marked.some((one) => one.pid === pid)),
    )
    .map(({ pid, groupId }) => ({ pid, groupId: groups.has(groupId) ? groupId : undefined }));
}

/** This process and those that it descends from. */
function ancestors(processes: ReturnType<typeof listProcesses>): number[] {
  const parents = new Map(processes.map(({ pid, parentId }) => [pid, parentId]));
  const line: number[] = [];
  for (let pid: number | undefined = process.pid; pid !== undefined && pid > 0; pid = parents.get(pid)) line.push(pid);
  return line;
}

function hasVariable(pid: number, marker: string): boolean {
  return readProc(`/proc/${pid}/environ`)?.split('\0').includes(marker) ?? false;
}

function survivors(orphans: readonly Orphan[]): OperatingError {
  const pids = orphans.map(({ pid }) => pid).join(', ');
  return new OperatingError(
    'unavailable',
    `processes left by an earlier run do not end: ${pids}; end them by hand, then start again`,
  );
}
