/** A real `plumb up` in a process of its own, on a data directory of its own, with free ports. */
import { silentLog, systemClock, systemRandom } from '@plumb/base';
import { type Clients, createClients } from '@plumb/plumbd/clients';
import { type Doors, readDoors } from '@plumb/plumbd/data-directory';
import { openConnection } from '@plumb/rpc';
import { openZeromqChannel } from '@plumb/rpc/node';
import { until } from '@plumb/testing';
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../apps/cli/bin/plumb.js', import.meta.url));
export const TIPJAR = fileURLToPath(new URL('../../examples/tipjar', import.meta.url));

export type CommandResult = { readonly code: number | null; readonly out: string; readonly err: string };

export type PlumbProcess = AsyncDisposable & {
  readonly pid: number;
  readonly doors: Doors;
  /** The operator's token. */
  readonly token: string;
  readonly services: Clients;
  readonly output: () => string;
  /** Runs `plumb WORDS --data …` in a process of its own. */
  readonly run: (...words: string[]) => Promise<CommandResult>;
  /** Sends a signal and waits for the end; gives the exit code and how long it took. */
  readonly end: (signal: NodeJS.Signals) => Promise<{ readonly code: number | null; readonly tookMs: number }>;
};

export type PlumbProcessOptions = {
  readonly dataDirectory: string;
  /** Deployed once it is up. */
  readonly deploy?: string | undefined;
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** With the flags that `npm start` gives it to stay small. */
  readonly isLean?: boolean;
};

/** Starts it and waits until it is up, with what it was asked to deploy. */
export async function startPlumb({
  dataDirectory,
  deploy,
  words = [],
  env = {},
  isLean = false,
}: PlumbProcessOptions): Promise<PlumbProcess> {
  const deployWords = deploy === undefined ? [] : ['--deploy', deploy, '--environment', 'test'];
  const args = [
    'up',
    '--data',
    dataDirectory,
    '--http',
    '0',
    '--rpc',
    '0',
    '--scrape-period',
    '1s',
    ...deployWords,
    ...words,
  ];
  const lean = isLean
    ? { flags: ['--max-semi-space-size=2'], env: { MALLOC_ARENA_MAX: '1', ...env } }
    : { flags: [], env };
  const { child, output } = spawnPlumb(args, lean.env, lean.flags);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const pid = child.pid ?? 0;
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await until('plumb is up, or ends', () => hasEnded() || output().includes('Ctrl-C stops everything'), {
    timeoutMs: 60_000,
  });
  if (hasEnded()) throw new Error(`plumb ended:\n${output()}`);
  const doors = (await readDoors(dataDirectory)) as Doors;
  const token = (await fs.readFile(path.join(dataDirectory, 'key'), 'utf8')).trim();
  const connection = openConnection({
    open: () => openZeromqChannel({ address: doors.rpc[0] ?? '', token }),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const end = async (signal: NodeJS.Signals): Promise<{ code: number | null; tookMs: number }> => {
    const startedAt = performance.now();
    connection.close();
    if (!hasEnded()) child.kill(signal);
    return { code: await ended, tookMs: performance.now() - startedAt };
  };
  return {
    pid,
    doors,
    token,
    services: createClients(connection),
    output,
    run: (...command) => runPlumb([...command, '--data', dataDirectory]),
    end,
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
    },
  };
}

/** Runs one command to its end. */
export async function runPlumb(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const { child, out, err } = spawnPlumb(args, env);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out: out(), err: err() };
}

function spawnPlumb(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): { child: ChildProcess; output: () => string; out: () => string; err: () => string } {
  const child = spawn(process.execPath, [...flags, CLI, ...args], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err, output] = ['', '', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => ([out, output] = [out + text, output + text]));
  child.stderr.setEncoding('utf8').on('data', (text: string) => ([err, output] = [err + text, output + text]));
  return { child, output: () => output, out: () => out, err: () => err };
}

/** The processes that were started from `dataDirectory`, by the mark in their environment. Linux only. */
export async function ownedProcesses(dataDirectory: string): Promise<readonly number[]> {
  const owner = (await fs.readFile(path.join(dataDirectory, 'owner'), 'utf8')).trim();
  const found: number[] = [];
  for (const name of await fs.readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await fs.readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
    if (environment.split('\0').includes(`PLUMB_OWNER=${owner}`)) found.push(Number(name));
  }
  return found;
}
