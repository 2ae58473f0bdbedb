/**
 * The folder that a plumbd owns: its store, keys, logs, and the file that says where its doors are.
 *
 *   kv/           the dictionary, configuration, and all other state   metrics/   samples
 *   chains/       data of chain nodes                                  logs/      of plumbd and of each unit
 *   age/          what applications open their secrets with, 0600      config-copies/  their last values, encrypted to it
 *   key           the operator's secret, mode 0600                     owner      an id that marks this plumbd's children
 *   curve         the secret key of the RPC door, mode 0600
 *   plumbd.json   pid and doors of the plumbd that runs on it          rpc.sock   RPC for local tools
 */
import { OperatingError, randomText } from '@plumb/base';
import { derivePublicKey, generateKeyPair, type KeyPair } from '@plumb/rpc/node';
import fs from 'node:fs/promises';
import path from 'node:path';

/** Base-32 characters: 160 bits. */
const KEY_LENGTH = 32;

/** What `plumbd.json` holds, for whoever wants to find this plumbd. */
export type Doors = {
  readonly pid: number;
  /** Clock ticks from boot to the process's start, so that a reused pid is not taken for it; empty where unknown. */
  readonly processStart: string;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Such as `http://localhost:7700`. */
  readonly http: string;
  /** Addresses for RPC, such as `tcp://127.0.0.1:7701`. */
  readonly rpc: readonly string[];
  /** The public key that the TCP doors for RPC hold (CURVE, Z85); `PLUMB_RPC_KEY` of programs elsewhere. */
  readonly rpcKey: string;
  /** Such as `127.0.0.1:7753`, UDP and TCP; absent where it is off. */
  readonly dns?: string | undefined;
  /** For clients of etcd, such as `http://127.0.0.1:2379`; absent where it is off. */
  readonly etcd?: string | undefined;
};

export type DataDirectory = {
  readonly path: string;
  readonly operatorKey: string;
  /** Of the RPC door. */
  readonly keys: KeyPair;
  /** Marks the processes that were started from this directory. */
  readonly owner: string;
};

/**
 * Makes the directory if it is absent, and refuses one that a living plumbd owns or that cannot be written.
 * @throws OperatingError `already-exists` with the owner's pid, `denied` when it cannot be written or a secret in it can
 * be read by others, `invalid` for a damaged key.
 */
export async function openDataDirectory(directory: string): Promise<DataDirectory> {
  try {
    await fs.mkdir(directory, { recursive: true, mode: 0o700 });
    await fs.chmod(directory, 0o700);
    const running = await readDoors(directory);
    if (running !== undefined && (await isRunning(running))) {
      throw new OperatingError(
        'already-exists',
        `plumbd runs on ${directory} already, as process ${running.pid}: use it at ${running.http}, stop it with "kill ${running.pid}", or choose another directory with --data`,
        { details: { pid: running.pid } },
      );
    }
    for (const name of ['kv', 'metrics', 'chains', 'logs'])
      await fs.mkdir(path.join(directory, name), { recursive: true, mode: 0o700 });
    return {
      path: directory,
      operatorKey: await readOrCreate(path.join(directory, 'key'), () => randomText(KEY_LENGTH)),
      keys: await readKeys(path.join(directory, 'curve')),
      owner: await readOrCreate(path.join(directory, 'owner'), () => randomText(16)),
    };
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC') {
      throw new OperatingError(
        'exhausted',
        `the disk of ${directory} is full: make room, or choose another directory with --data`,
        { cause: error },
      );
    }
    throw new OperatingError(
      'denied',
      `cannot write the data directory ${directory} (${code ?? String(error)}): check its owner and mode, or choose another with --data`,
      { cause: error },
    );
  }
}

/** The doors of the last plumbd on this directory, which may be gone. */
export async function readDoors(directory: string): Promise<Doors | undefined> {
  try {
    const doors = JSON.parse(await fs.readFile(path.join(directory, 'plumbd.json'), 'utf8')) as Partial<Doors> | null;
    const { pid, http, rpc, rpcKey = '' } = doors ?? {};
    const isWhole = typeof pid === 'number' && typeof http === 'string' && Array.isArray(rpc);
    return isWhole ? ({ ...doors, rpcKey } as Doors) : undefined;
  } catch {
    return undefined;
  }
}

export async function writeDoors(directory: string, doors: Doors): Promise<void> {
  await writeWhole(path.join(directory, 'plumbd.json'), `${JSON.stringify(doors, undefined, 2)}\n`);
}

export async function removeDoors(directory: string): Promise<void> {
  await fs.rm(path.join(directory, 'plumbd.json'), { force: true });
}

/** Whether the plumbd that wrote `doors` lives. */
export async function isRunning({ pid, processStart }: Doors): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return processStart === '' || processStart === (await readProcessStart(pid));
}

/** Field 22 of /proc/PID/stat (proc(5)); empty where there is no /proc. */
export async function readProcessStart(pid: number): Promise<string> {
  try {
    const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** The key pair of the RPC door; a new one where the file is absent, which is how it is rotated. */
async function readKeys(file: string): Promise<KeyPair> {
  const secretKey = await readOrCreate(file, () => generateKeyPair().secretKey);
  try {
    return { secretKey, publicKey: derivePublicKey(secretKey) };
  } catch (cause) {
    const advice =
      'put the right one back, or remove the file to get another key, which all remote programs must then learn';
    throw new OperatingError('invalid', `${file} does not hold a secret key: ${advice}`, { cause });
  }
}

/** A secret that others could read may be known to them. @throws OperatingError `denied`. */
async function checkPrivate(file: string): Promise<void> {
  const mode = (await fs.stat(file)).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  const advice = `"chmod 600 ${file}" if nobody has read it, or remove it to get another`;
  throw new OperatingError('denied', `other accounts can read ${file} (mode ${mode.toString(8)}): ${advice}`);
}

/** What is kept in `file`; where two create it at the same moment, both get what one of them wrote. */
async function readOrCreate(file: string, create: () => string): Promise<string> {
  const kept = await fs.readFile(file, 'utf8').catch(() => '');
  if (kept.trim() !== '') {
    await checkPrivate(file);
    return kept.trim();
  }
  const temporary = `${file}.${randomText(8)}.tmp`;
  await fs.writeFile(temporary, `${create()}\n`, { mode: 0o600 });
  try {
    // An empty file is what a power loss leaves of one that was just made.
    if ((await fs.stat(file).catch(() => undefined))?.size === 0) await fs.rename(temporary, file);
    else await fs.link(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await fs.rm(temporary, { force: true });
  }
  return (await fs.readFile(file, 'utf8')).trim();
}

/** Whole or not at all, whatever happens in between; readable by the owner only. */
async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await fs.writeFile(temporary, text, { mode: 0o600 });
  await fs.rename(temporary, file);
}
