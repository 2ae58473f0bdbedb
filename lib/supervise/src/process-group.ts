/**
 * Processes and their groups, as the kernel tells of them. Each unit is started as the leader of a group (and session)
 * of its own, so that whatever it starts can be ended with it.
 */
import fs from 'node:fs';
import { type Clock, sleep } from '@plumb/base';

/** How often a group that was told to end is looked at. */
const POLL_MS = 10;

/** Sends `signal` to every process of the group. False when there is none left that could get it. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): boolean {
  return send(-groupId, signal);
}

/** Sends `signal` to one process. False when it is gone, or is not ours. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  return send(pid, signal);
}

function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    // ESRCH: it is gone. EPERM: it changed its user, and is out of our hands.
    return false;
  }
}

/** Waits until no process of the group runs. False when some still do after `timeoutMs`. */
export async function waitForGroupEnd(groupId: number, clock: Clock, timeoutMs: number): Promise<boolean> {
  const endAt = clock.monotonicMs() + timeoutMs;
  while (isGroupRunning(groupId)) {
    if (clock.monotonicMs() >= endAt) return false;
    await sleep(clock, POLL_MS);
  }
  return true;
}

/** Whether a process of the group runs. One that ended and was not yet collected by its parent does not count. */
export function isGroupRunning(groupId: number): boolean {
  if (!send(-groupId, 0)) return false;
  if (process.platform !== 'linux') return true;
  return listProcesses().some((facts) => facts.groupId === groupId && facts.isRunning);
}

export type ProcessFacts = {
  readonly pid: number;
  readonly parentId: number;
  readonly groupId: number;
  readonly isRunning: boolean;
};

/** The processes of this machine that we may see, from /proc. */
export function listProcesses(): ProcessFacts[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((facts) => facts !== undefined);
}

/** Undefined when the process is gone. */
export function readProcess(pid: number): ProcessFacts | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets, which may itself hold blanks and brackets: proc(5).
  const [state, parentId, groupId] = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? [];
  if (state === undefined || parentId === undefined || groupId === undefined) return undefined;
  return { pid, parentId: Number(parentId), groupId: Number(groupId), isRunning: state !== 'Z' && state !== 'X' };
}

/** A file of /proc, or undefined when its process is gone or belongs to somebody else. */
export function readProc(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
