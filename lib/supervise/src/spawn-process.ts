import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';

/** What is started: everything that the process is given. Nothing comes from our own environment. */
export type Launch = {
  /** Program and arguments. A program without a slash is looked for in the `PATH` of `env`. */
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
};

export type Spawned =
  | { readonly kind: 'started'; readonly child: ChildProcess; readonly pid: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** Starts a process as the leader of a group and session of its own, with pipes for what it prints and no input. */
export async function spawnProcess({ command, directory, env }: Launch): Promise<Spawned> {
  const [program = '', ...words] = command;
  let child: ChildProcess;
  try {
    child = spawn(program, words, { cwd: directory, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    return { kind: 'failed', reason: spawnFailure(error as NodeJS.ErrnoException, program, directory) };
  }
  if (child.pid !== undefined) return { kind: 'started', child, pid: child.pid };
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => child.once('error', resolve));
  return { kind: 'failed', reason: spawnFailure(error, program, directory) };
}

/** The kernel answers the same for a program and for a directory that is not there. */
function spawnFailure(error: NodeJS.ErrnoException, program: string, directory: string): string {
  if (!isDirectory(directory)) return `the directory ${directory} is not there: deploy from one that stays`;
  if (error.code === 'ENOENT') return `the program "${program}" was not found: install it, or write its path`;
  if (error.code === 'EACCES') return `the program "${program}" may not be run: make it executable (chmod +x)`;
  return `the program "${program}" could not be started: ${error.message}`;
}

function isDirectory(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
