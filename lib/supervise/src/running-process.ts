/** One copy of a process, from its start until nothing of its group is left. */
import type { ChildProcess } from 'node:child_process';
import type { Clock, Log, Timer } from '@plumb/base';
import { captureLines } from './capture.ts';
import { isGroupRunning, signalGroup, waitForGroupEnd } from './process-group.ts';

/** For output that is still in the pipes of a process that has ended; longer only when a stranger holds them open. */
const DRAIN_TIMEOUT_MS = 250;
/** For the rest of a group after SIGKILL; only a process stuck in the kernel needs longer. */
const GROUP_END_TIMEOUT_MS = 2_000;

export type Exit = {
  readonly code: number | null;
  readonly signal: string | null;
  /** Epoch ms. */
  readonly at: number;
  /** Why there was no process at all: it could not be started. */
  readonly reason?: string | undefined;
};

/** An exit for a person: `exited with code 1`, `was killed (SIGKILL)`, or why it could not be started. */
export function describeExit({ code, signal, reason }: Exit): string {
  if (reason !== undefined) return `could not be started: ${reason}`;
  return signal === null ? `exited with code ${code}` : `was killed (${signal})`;
}

export type RunningDependencies = {
  readonly clock: Clock;
  readonly log: Log;
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Called the moment that the exit is seen, before its group is ended and its last lines are read. */
  readonly onExit: (exit: Exit) => void;
};

export class RunningProcess {
  readonly pid: number;
  /** Resolves when the process has ended, nothing of its group is left, and its last lines were handed out. */
  readonly ended: Promise<void>;
  readonly #clock: Clock;
  readonly #log: Log;
  #hasExited = false;
  #killAt = Infinity;
  #killTimer: Timer | undefined;

  constructor(child: ChildProcess, pid: number, dependencies: RunningDependencies) {
    this.pid = pid;
    this.#clock = dependencies.clock;
    this.#log = dependencies.log;
    this.ended = this.#run(child, dependencies);
  }

  /** Asks the whole group to end, and kills it after `graceMs`. A later call can only shorten that. */
  stop(graceMs: number): void {
    if (this.#killAt === Infinity && !this.#hasExited) signalGroup(this.pid, 'SIGTERM');
    const killAt = this.#clock.monotonicMs() + graceMs;
    if (killAt >= this.#killAt) return;
    this.#killAt = killAt;
    this.#killTimer?.cancel();
    this.#killTimer = this.#clock.after(graceMs, () => signalGroup(this.pid, 'SIGKILL'));
  }

  /** Kills the whole group at once. */
  kill(): void {
    if (!this.#hasExited) signalGroup(this.pid, 'SIGKILL');
  }

  async #run(child: ChildProcess, { clock, onLine, onExit }: RunningDependencies): Promise<void> {
    const captures = (['stdout', 'stderr'] as const).map((stream) => {
      const readable = child[stream];
      return readable === null ? undefined : captureLines(readable, clock, (line) => onLine(stream, line));
    });
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    // Errors after the start are failed signals of our own; the exit tells what became of it.
    child.on('error', (error) => this.#log.debug('supervise.child-error', { error: error.message }));
    await new Promise<void>((resolve) => {
      child.once('exit', (code, signal) => {
        this.#hasExited = true;
        onExit({ code, signal, at: clock.now() });
        resolve();
      });
    });
    await this.#endGroup();
    this.#killTimer?.cancel();
    for (const capture of captures) capture?.drain();
    const drained = Promise.withResolvers<void>();
    using _timer = clock.after(DRAIN_TIMEOUT_MS, drained.resolve);
    await Promise.race([closed, drained.promise]);
    for (const capture of captures) capture?.close();
  }

  /** Those that the process started get what is left of a stop's grace; after an exit that nobody asked for, none. */
  async #endGroup(): Promise<void> {
    const graceMs = this.#killAt === Infinity ? 0 : this.#killAt - this.#clock.monotonicMs();
    if (graceMs > 0 && (await waitForGroupEnd(this.pid, this.#clock, graceMs))) return;
    if (!isGroupRunning(this.pid)) return;
    signalGroup(this.pid, 'SIGKILL');
    if (await waitForGroupEnd(this.pid, this.#clock, GROUP_END_TIMEOUT_MS)) return;
    this.#log.error('supervise.group-survives', { groupId: this.pid });
  }
}
