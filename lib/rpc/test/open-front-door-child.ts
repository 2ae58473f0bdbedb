import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ChildOptions, ChildTargets } from './front-door-child.ts';

export type FrontDoorChild = AsyncDisposable & ChildTargets & { readonly kill: () => Promise<void> };

/** Starts `front-door-child.ts` in a process of its own; resolves once it serves. */
export async function openFrontDoorChild(
  options: Omit<ChildOptions, 'at' | 'guardedAt'> & Partial<ChildOptions>,
): Promise<FrontDoorChild> {
  const file = fileURLToPath(new URL('./front-door-child.ts', import.meta.url));
  const full: ChildOptions = { at: 'tcp://127.0.0.1:0', guardedAt: 'tcp://127.0.0.1:0', ...options };
  const child = spawn(process.execPath, [file, JSON.stringify(full)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const end = (): Promise<void> => kill(child);
  return { ...(JSON.parse(line) as ChildTargets), kill: end, [Symbol.asyncDispose]: end };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
