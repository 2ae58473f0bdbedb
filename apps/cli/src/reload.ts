/** Tells a program that its file is new: by a command, or a signal to the process that its pid file names. */
import { OperatingError } from '@plumb/base';
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { UsageError } from './command.ts';

/** A reload that takes longer hangs: programs do the slow part behind it. */
const RELOAD_MS_MAX = 30_000;

/** Of what a failing command printed, as much as explains it. */
const OUTPUT_CHARS_MAX = 500;

export type Reload = (signal: AbortSignal) => Promise<void>;

export type ReloadOptions = {
  readonly command: string | undefined;
  /** `HUP` or `SIGHUP`. */
  readonly signalName: string | undefined;
  readonly pidFile: string | undefined;
  readonly directory: string;
  readonly timeoutMs?: number;
};

/** Undefined where nothing is to be told. @throws UsageError for what does not fit together. */
export function createReload(options: ReloadOptions): Reload | undefined {
  const { command, signalName, pidFile, directory, timeoutMs = RELOAD_MS_MAX } = options;
  if (command !== undefined) {
    if (signalName !== undefined || pidFile !== undefined) {
      throw new UsageError('a program is told by --reload or by --signal with --pid-file, not by both');
    }
    return (signal) => runReload(command, { directory, timeoutMs, signal });
  }
  if (signalName === undefined && pidFile === undefined) return undefined;
  if (signalName === undefined || pidFile === undefined) {
    throw new UsageError('--signal and --pid-file belong together: which signal, and to which process');
  }
  const name = /^SIG/i.test(signalName) ? signalName.toUpperCase() : `SIG${signalName.toUpperCase()}`;
  if (!Object.hasOwn(os.constants.signals, name))
    throw new UsageError(`there is no signal "${signalName}": use HUP, USR1 or USR2`);
  const file = path.resolve(directory, pidFile);
  return () => sendSignal(file, name as NodeJS.Signals);
}

/** @throws OperatingError `unavailable` with the end of what it printed, `deadline` after it was ended. */
async function runReload(
  command: string,
  {
    directory,
    timeoutMs,
    signal,
  }: { readonly directory: string; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  // A group of its own, so that what the shell started ends with it.
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  const keep = (text: string): void => void (output = (output + text).slice(-OUTPUT_CHARS_MAX));
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  limit.addEventListener('abort', end);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once('error', reject);
    child.once('exit', resolve);
    const code = await promise;
    if (code === 0 || signal.aborted) return;
    const said = output.trim() === '' ? '' : `: ${output.trim()}`;
    if (limit.aborted) throw new OperatingError('deadline', `"${command}" did not end within ${timeoutMs} ms${said}`);
    throw new OperatingError('unavailable', `"${command}" failed with ${code ?? 'a signal'}${said}`);
  } finally {
    limit.removeEventListener('abort', end);
  }
}

async function sendSignal(file: string, name: NodeJS.Signals): Promise<void> {
  const text = await fs.readFile(file, 'utf8').catch((error: unknown) => {
    throw new OperatingError(
      'unavailable',
      `cannot read the pid file ${file} (${(error as NodeJS.ErrnoException).code})`,
    );
  });
  // 0 and negative numbers would reach whole groups, and 1 the system.
  const pid = /^\s*(\d{1,10})\s*$/.test(text) ? Number(text) : 0;
  if (pid < 2) throw new OperatingError('invalid', `the pid file ${file} holds no process id`);
  try {
    process.kill(pid, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OperatingError('unavailable', `cannot send ${name} to process ${pid} of ${file} (${code}): does it run?`);
  }
}
