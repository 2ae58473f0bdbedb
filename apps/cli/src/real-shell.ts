/** The shell of a real terminal: prints to it, and calls the plumbd of the data directory. */
import { type Clock, OperatingError, systemClock, systemRandom, silentLog } from '@plumb/base';
import { createClients, isStream } from '@plumb/plumbd/clients';
import { isRunning, readDoors } from '@plumb/plumbd/data-directory';
import { type Connection, openConnection } from '@plumb/rpc';
import { openZeromqChannel } from '@plumb/rpc/node';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { ExitCode } from './command.ts';
import { commands } from './commands/index.ts';
import { runCommand } from './run.ts';
import type { Services, Shell } from './shell.ts';
import { createStyle } from './style.ts';

/** Runs one command of the real world, and gives its exit code. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  // A reader that went away, such as `head`, ends the command quietly.
  process.stdout.on('error', onSignal);
  process.stderr.on('error', onSignal);

  let connection: Connection | undefined;
  const isTerminal = process.stdout.isTTY === true;
  const isColour = (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
  try {
    return await runCommand(argv, commands, async ({ data, json: isJson }) => {
      const dataDirectory = await findDataDirectory(data);
      return {
        out: (line) => process.stdout.write(`${line}\n`),
        err: (line) => process.stderr.write(`${line}\n`),
        json: (value, { isLine = false } = {}) =>
          process.stdout.write(`${JSON.stringify(value ?? null, undefined, isLine ? undefined : 2)}\n`),
        isJson,
        isTerminal,
        style: createStyle(isColour && isTerminal),
        now: systemClock.now,
        directory: process.cwd(),
        dataDirectory,
        env: process.env,
        signal: stop.signal,
        connect: async () => {
          connection ??= await connectPlumbd(dataDirectory, systemClock);
          return servicesOf(connection, stop.signal);
        },
      } satisfies Shell;
    });
  } finally {
    connection?.close();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, onSignal);
  }
}

function servicesOf(connection: Connection, signal: AbortSignal): Services {
  return {
    ...createClients(connection),
    async *call(method, input) {
      if (isStream(method)) yield* connection.stream(method, input, { signal });
      else yield await connection.call(method, input, { signal });
    },
  };
}

/** `--data`, then `$PLUMB_DATA`, then the nearest `.plumb` here or above, then `.plumb` here. */
async function findDataDirectory(given: string | undefined): Promise<string> {
  const named = given ?? process.env['PLUMB_DATA'];
  if (named !== undefined && named !== '') return path.resolve(named);
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, '.plumb');
    if ((await fs.stat(candidate).catch(() => undefined))?.isDirectory() === true) return candidate;
    if (folder === path.dirname(folder)) return path.resolve('.plumb');
  }
}

/** The plumbd named by `$PLUMB_RPC` and `$PLUMB_TOKEN`, or else the one of the data directory. */
async function connectPlumbd(dataDirectory: string, clock: Clock): Promise<Connection> {
  const { PLUMB_RPC: remote, PLUMB_TOKEN: token } = process.env;
  const { address, secret } =
    remote === undefined || remote === '' ? await localDoor(dataDirectory) : { address: remote, secret: token ?? '' };
  return openConnection({
    open: (signal) => openZeromqChannel({ address, token: secret, clock, signal }),
    clock,
    random: systemRandom,
    log: silentLog,
  });
}

async function localDoor(dataDirectory: string): Promise<{ address: string; secret: string }> {
  const doors = await readDoors(dataDirectory);
  const [address] = doors?.rpc ?? [];
  if (doors === undefined || address === undefined || !(await isRunning(doors))) {
    throw new OperatingError(
      'unavailable',
      `no plumbd runs on ${dataDirectory}: start one with "plumb up", or name another data directory with --data`,
    );
  }
  const secret = await fs.readFile(path.join(dataDirectory, 'key'), 'utf8').catch((error: unknown) => {
    throw new OperatingError(
      'denied',
      `cannot read ${path.join(dataDirectory, 'key')}: use the account that started plumbd, or a token with PLUMB_RPC and PLUMB_TOKEN`,
      {
        cause: error,
      },
    );
  });
  return { address, secret: secret.trim() };
}
