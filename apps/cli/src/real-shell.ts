/** The shell of a real terminal: prints to it, and calls the plumbd of the data directory. */
import { type Clock, OperatingError, silentLog, sleep, systemClock, systemRandom } from '@plumb/base';
import { type PlumbDoor, readPlumbDoor } from '@plumb/config/plumb-door';
import { type Clients, createClients } from '@plumb/plumbd/clients';
import { isRunning, readDoors } from '@plumb/plumbd/data-directory';
import { type Connection, MESSAGE_SIZE_BYTES_MAX, openConnection } from '@plumb/rpc';
import { openZeromqChannel } from '@plumb/rpc/node';
import fs from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import path from 'node:path';
import type { ExitCode } from './command.ts';
import { commands } from './commands/index.ts';
import { openRemote } from './open-remote.ts';
import { runCommand } from './run.ts';
import type { Shell } from './shell.ts';
import { createStyle } from './style.ts';
import { askPerson, createProgressLine } from './terminal.ts';

/** Runs one command of the real world, and gives its exit code. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  // A reader that went away, such as `head`, ends the command quietly.
  process.stdout.on('error', onSignal);
  process.stderr.on('error', onSignal);

  const closing = new DisposableStack();
  const progress = createProgressLine(process.stderr);
  closing.defer(() => progress(undefined));
  const isTerminal = process.stdout.isTTY === true;
  const isColour = (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
  try {
    return await runCommand(argv, commands, async ({ data, json: isJson }) => {
      const dataDirectory = await findDataDirectory(data);
      let plumbd: Promise<Connection> | undefined;
      const dial = (): Promise<Connection> =>
        (plumbd ??= connectPlumbd(dataDirectory, systemClock).then((open) => closing.use(open)));
      const connect = async (): Promise<Clients> => createClients(await dial());
      return {
        out: (line) => {
          progress(undefined);
          process.stdout.write(`${line}\n`);
        },
        err: (line) => {
          progress(undefined);
          process.stderr.write(`${line}\n`);
        },
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
        connect,
        dial: async (remote) => {
          if (remote === undefined) return dial();
          const registry = async (): Promise<Clients['registry']> => (await connect()).registry;
          return closing.use(await openRemote(remote, { env: process.env, registry, signal: stop.signal }));
        },
        readInput: () => readInput(addAbortSignal(stop.signal, process.stdin)),
        ask: (question, options) => askPerson(question, { ...options, signal: stop.signal }),
        progress,
        sleep: (delayMs) => sleep(systemClock, delayMs, stop.signal),
      } satisfies Shell;
    });
  } finally {
    closing.dispose();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, onSignal);
  }
}

async function readInput(input: Readable): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of input as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > MESSAGE_SIZE_BYTES_MAX) {
      throw new OperatingError('exhausted', `the input is over ${MESSAGE_SIZE_BYTES_MAX} bytes: send less at a time`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
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

/** The plumbd that the environment names (see `readPlumbDoor`), or else the one of the data directory. */
async function connectPlumbd(dataDirectory: string, clock: Clock): Promise<Connection> {
  const door = readPlumbDoor(process.env) ?? (await localDoor(dataDirectory));
  return openConnection({
    open: (signal) => openZeromqChannel({ ...door, clock, signal }),
    clock,
    random: systemRandom,
    log: silentLog,
  });
}

/** The operator's, through the socket file where there is one. */
async function localDoor(dataDirectory: string): Promise<PlumbDoor> {
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
      `cannot read ${path.join(dataDirectory, 'key')}: use the account that started plumbd, or a token with PLUMB_RPC, PLUMB_RPC_KEY and PLUMB_TOKEN`,
      {
        cause: error,
      },
    );
  });
  const curve = address.startsWith('tcp:') ? { serverKey: doors.rpcKey } : undefined;
  return { address, token: secret.trim(), curve };
}
