/** The age identities of the person at the terminal: what opens the secrets that are sealed to them. */
import { OperatingError } from '@plumb/base';
import path from 'node:path';
import { type Flags, text } from './command.ts';
import type { Shell } from './shell.ts';

export const IDENTITY_FLAG = {
  identity: {
    type: 'string',
    value: 'FILE',
    help: 'the file of your age key (default: $PLUMB_AGE_KEY, $PLUMB_AGE_KEY_FILE, ~/.config/plumb/age.key)',
  },
} as const;

/**
 * Those of `--identity`, or of `PLUMB_AGE_KEY` and `PLUMB_AGE_KEY_FILE`, or of the person's own file.
 * @throws OperatingError `not-found` where there are none, `denied` where others can read the file, `invalid`.
 */
export async function readIdentities(flags: Flags, { env, directory }: Shell): Promise<readonly string[]> {
  const { personalIdentityPath, readIdentityFile, readProcessIdentities } = await import('@plumb/vault/node');
  const named = text(flags, 'identity');
  if (named !== undefined) return readIdentityFile(path.resolve(directory, named));
  const given = await readProcessIdentities(env);
  if (given.length > 0) return given;
  try {
    return await readIdentityFile(personalIdentityPath(env));
  } catch (error) {
    if (!(error instanceof OperatingError) || error.code !== 'not-found') throw error;
    const advice = 'make one with "plumb config keys create", or name its file with --identity';
    throw new OperatingError('not-found', `you have no key to open secrets with: ${advice}`, { cause: error });
  }
}

/** As `readIdentities`; none where there is no key. */
export async function findIdentities(flags: Flags, shell: Shell): Promise<readonly string[]> {
  try {
    return await readIdentities(flags, shell);
  } catch (error) {
    if (error instanceof OperatingError && error.code === 'not-found' && text(flags, 'identity') === undefined)
      return [];
    throw error;
  }
}
