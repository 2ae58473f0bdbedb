/** Many processes that each follow the same configuration. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import type { Environment, SubscriberReport } from './publish-message.ts';

/** More at a time only wait for the processor. */
const STARTING_MAX = 8;

export type ProcessFleet = AsyncDisposable & {
  readonly pids: readonly number[];
  /** In the order of `pids`. */
  readonly reports: () => Promise<readonly SubscriberReport[]>;
};

/** Puts all threads of processes before or behind other work of the machine, as `nice` does. */
export function setPriority(pids: readonly number[], priority: number): void {
  for (const pid of pids) {
    for (const thread of fs.readdirSync(`/proc/${pid}/task`)) os.setPriority(Number(thread), priority);
  }
}

/** Resolves when each of them has its first values. */
export async function startFleet(program: string, environments: readonly Environment[]): Promise<ProcessFleet> {
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const exits = running.map((child) => once(child, 'exit'));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(exits);
  };
  const waiting = [...environments];
  const startSome = async (): Promise<void> => {
    for (let environment = waiting.shift(); environment !== undefined; environment = waiting.shift()) {
      const child = fork(new URL(program, import.meta.url), { env: { ...process.env, ...environment } });
      children.push(child);
      const failed = once(child, 'exit').then(() => Promise.reject(new Error(`${program} ended before it was ready`)));
      await Promise.race([once(child, 'message'), failed]);
      failed.catch(() => undefined);
    }
  };
  try {
    await Promise.all(Array.from({ length: STARTING_MAX }, startSome));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    pids: children.flatMap(({ pid }) => pid ?? []),
    reports: () =>
      Promise.all(
        children.map(async (child) => {
          child.send('report');
          const [report] = (await once(child, 'message')) as [SubscriberReport];
          return report;
        }),
      ),
    [Symbol.asyncDispose]: close,
  };
}
