/**
 * Identities in files, as age-keygen writes them: comments, and a secret key on a line of its own. Only their owner may
 * read them; a file that others can read is refused, because its keys have to be thought of as known.
 */
import { type Clock, OperatingError } from '@plumb/base';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileErrorCode, writeAtomically } from './atomic-file.ts';
import { generateIdentity, parseIdentities, parseIdentity, recipientOf } from './identity.ts';

/** 64 keys of 2 KiB with their comments. */
const IDENTITY_FILE_BYTES_MAX = 256 * 1_024;

/** Where a person's identity is: `$XDG_CONFIG_HOME/plumb/age.key`, or `~/.config/plumb/age.key`. */
export function personalIdentityPath(environment: Readonly<Record<string, string | undefined>>): string {
  const { XDG_CONFIG_HOME: config, HOME: home } = environment;
  if (config !== undefined && path.isAbsolute(config)) return path.join(config, 'plumb', 'age.key');
  if (home === undefined || home === '') {
    throw new OperatingError('not-found', 'HOME is not set, so there is no place for a key: name its file');
  }
  return path.join(home, '.config', 'plumb', 'age.key');
}

/**
 * Makes an identity and keeps it in a file that was not there, mode 0600, in a folder that is made if needed (0700).
 * Durable when the promise resolves. Gives the recipient.
 * @throws OperatingError `already-exists`, and the file is as it was.
 */
export async function createIdentityFile(file: string, { clock }: { readonly clock: Clock }): Promise<string> {
  const identity = await generateIdentity();
  const recipient = await recipientOf(identity);
  const lines = [`# created: ${new Date(clock.now()).toISOString()}`, `# public key: ${recipient}`, identity, ''];
  await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    await writeAtomically(file, new TextEncoder().encode(lines.join('\n')), 'refuse');
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error;
    const advice = 'move it away first, and keep it: what was encrypted for it opens with nothing else';
    throw new OperatingError('already-exists', `there is a key in ${file} already: ${advice}`);
  }
  return recipient;
}

/**
 * The identities of a file, in its order.
 * @throws OperatingError `not-found`, `denied` when others may read or write it, `invalid` with the line of a fault. No error
 * tells what is in it.
 */
export async function readIdentityFile(file: string): Promise<readonly string[]> {
  const text = await readPrivateFile(file);
  if (/^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE-----)/.test(text)) {
    throw new OperatingError(
      'invalid',
      `the key in ${file} is itself encrypted: decrypt it with age, and name the result`,
    );
  }
  const lines = text.split('\n').map((line, i) => ({ line: line.trim(), number: i + 1 }));
  const identities = lines
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, number }) => {
      try {
        return parseIdentity(line);
      } catch (error) {
        const reason = error instanceof Error ? error.message : 'it is no key';
        throw new OperatingError('invalid', `${file}:${number}: ${reason}`);
      }
    });
  if (identities.length === 0) throw new OperatingError('invalid', `there is no key in ${file}: make one`);
  return parseIdentities(identities);
}

/** Reads a file of identities, and makes it first where there is none. Safe to call twice at the same time. */
export async function ensureIdentityFile(file: string, options: { readonly clock: Clock }): Promise<readonly string[]> {
  const read = (): Promise<readonly string[]> => readIdentityFile(file);
  try {
    return await read();
  } catch (error) {
    if (!isCode(error, 'not-found')) throw error;
  }
  await createIdentityFile(file, options).catch((error: unknown) => {
    if (!isCode(error, 'already-exists')) throw error;
  });
  return read();
}

/**
 * The identities that a process was given: the key in `PLUMB_AGE_KEY`, and those of the file that
 * `PLUMB_AGE_KEY_FILE` names. None where neither is set.
 * @throws OperatingError as `readIdentityFile`, and `invalid` when `PLUMB_AGE_KEY` holds no key.
 */
export async function readProcessIdentities(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const { PLUMB_AGE_KEY: key, PLUMB_AGE_KEY_FILE: file } = environment;
  const identities = file === undefined || file === '' ? [] : await readIdentityFile(file);
  if (key === undefined || key === '') return identities;
  try {
    return [...new Set([parseIdentity(key), ...identities])];
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it is no key';
    throw new OperatingError('invalid', `PLUMB_AGE_KEY: ${reason}`);
  }
}

async function readPrivateFile(file: string): Promise<string> {
  const handle = await fs.open(file, 'r').catch((error: unknown) => {
    if (fileErrorCode(error) === 'ENOENT')
      throw new OperatingError('not-found', `there is no key in ${file}: make one`);
    throw error;
  });
  try {
    // Of the open file, so that nobody can put another one in its place between the look and the reading.
    const { mode, size } = await handle.stat();
    if ((mode & 0o077) !== 0) {
      const advice = `run "chmod 600 ${file}", and replace the key if others may have read it`;
      throw new OperatingError('denied', `others may read ${file} (mode ${formatMode(mode)}): ${advice}`);
    }
    if (size > IDENTITY_FILE_BYTES_MAX) {
      throw new OperatingError('invalid', `${file} has ${size} bytes, which is no file of keys: name another`);
    }
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function formatMode(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof OperatingError && error.code === code;
}
