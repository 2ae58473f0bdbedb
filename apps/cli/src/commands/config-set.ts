import { OperatingError } from '@plumb/base';
import type { ConfigValue } from '@plumb/config/feed';
import fs from 'node:fs/promises';
import path from 'node:path';
import { type Command, type Flags, refuseMore, requireWord, text, UsageError, wholeNumber } from '../command.ts';
import { configAdvice } from '../config-advice.ts';
import { formatValue } from '../config-format.ts';
import { COMMENT_FLAG, printOutcome } from '../config-outcome.ts';
import { LAYER_FLAGS, nameOf, parseKey, readLayer } from '../config-place.ts';
import { createSealer } from '../config-seal.ts';
import { parseValue } from '../config-words.ts';
import type { Shell } from '../shell.ts';

/** As much as can be sealed. */
const FILE_BYTES_MAX = 65_536;

const IF_REVISION_FLAG = {
  'if-revision': {
    type: 'string',
    value: 'N',
    help: 'only over this revision of the layer; 0 for "only if it has no value"',
  },
} as const;

export const configSet: Command = {
  name: 'config set',
  summary: 'Set one configuration value; every subscribed process gets it at once.',
  usage: 'APPLICATION.KEY VALUE | --secret | --file FILE',
  details:
    'VALUE is read as JSON where it is JSON (0.5, true, ["a","b"]) and as text otherwise; --text takes it as text always. A secret is piped in, asked for or read from a file, and is always text; it is sealed here, so that only its readers can open it, not the server.',
  examples: [
    'plumb config set tipjar.title "Coffee fund"',
    'plumb config set tipjar.min-tip 0.01 --env production --if-revision 41 --comment "fees rose"',
    'pass show tipjar/db | plumb config set tipjar.db.password --secret',
    'plumb config set tipjar.tls.key --secret --file key.pem --env production',
  ],
  flags: {
    ...LAYER_FLAGS,
    ...IF_REVISION_FLAG,
    ...COMMENT_FLAG,
    text: { type: 'boolean', help: 'take VALUE as text even if it is JSON' },
    secret: { type: 'boolean', help: 'seal it for its readers; the value is piped in or asked for' },
    file: { type: 'string', value: 'FILE', help: 'take the text of this file as the value' },
  },
  async run(words, flags, shell) {
    const key = parseKey(requireWord(words, 0, 'KEY'));
    const isSecret = flags['secret'] === true;
    const layer = readLayer(flags);
    const ifRevision = wholeNumber(flags, 'if-revision', { min: 0, max: Number.MAX_SAFE_INTEGER });
    const given = await readValue(words, flags, shell);
    const { config, deploy } = await shell.connect();
    const value = isSecret
      ? await createSealer(config, key.application)({ key: key.key, layer: layer ?? 'common', value: given })
      : given;
    // Who may set may not always look: then there is nothing to say.
    const [entries, applications] = await Promise.all([
      config.list({ application: key.application }).catch(() => undefined),
      deploy.status({}).catch(() => undefined),
    ]);
    const comment = text(flags, 'comment');
    const outcome = await config.set({ ...key, value, layer, ifRevision, comment });
    const what = nameOf(key, layer);
    const code = printOutcome(outcome, { what, stored: (revision) => `${what} is now at revision ${revision}` }, shell);
    if (outcome.kind !== 'stored' || shell.isJson || entries === undefined || applications === undefined) return code;
    const isDeployed = applications.some(({ name }) => name === key.application);
    const advice = configAdvice({ ...key, value, entries, isDeployed });
    if (advice !== undefined) shell.err(`${shell.style.yellow('!')} ${advice}`);
    return code;
  },
};

/** @throws UsageError where a value is missing, or a secret stands where others can see it. */
async function readValue(words: readonly string[], flags: Flags, shell: Shell): Promise<ConfigValue> {
  const [isSecret, file, word] = [flags['secret'] === true, text(flags, 'file'), words[1]];
  refuseMore(words, isSecret || file !== undefined ? Math.max(words.length, 1) : 2);
  if (isSecret && word !== undefined) {
    throw new UsageError('a secret on the command line is seen by other accounts and kept by the shell: pipe it in');
  }
  if (file !== undefined) {
    if (word !== undefined) throw new UsageError('a value comes from VALUE or from --file, not from both');
    return readValueFile(path.resolve(shell.directory, file));
  }
  if (!isSecret) return parseValue(requireWord(words, 1, 'VALUE'), { isText: flags['text'] === true });
  const typed = await shell.ask(`${words[0]} (not shown): `, { isHidden: true });
  const secret = withoutLineEnd(typed ?? (await shell.readInput()));
  if (secret === '') throw new UsageError('the secret is empty: pipe it in, or type it when you are asked');
  return secret;
}

async function readValueFile(file: string): Promise<string> {
  const { size } = await fs.stat(file).catch(explainFile(file));
  if (size > FILE_BYTES_MAX) {
    const advice = 'configuration is for values: keep larger files with the release';
    throw new OperatingError('exhausted', `${file} has ${size} bytes, over ${FILE_BYTES_MAX}: ${advice}`);
  }
  return withoutLineEnd(await fs.readFile(file, 'utf8').catch(explainFile(file)));
}

function explainFile(file: string): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new OperatingError('not-found', `cannot read ${file} (${code}): name a file that you may read`, {
      cause: error,
    });
  };
}

/** Editors and `echo` end a file with a line end that nobody means. */
function withoutLineEnd(given: string): string {
  return given.replace(/\r?\n$/, '');
}

export const configUnset: Command = {
  name: 'config unset',
  summary: 'Take a set value back, so that the one below it is in force again.',
  usage: 'APPLICATION.KEY',
  details: 'Below the layers that people set is what plumb.yaml gives; "config explain" shows all of them.',
  examples: ['plumb config unset tipjar.title', 'plumb config unset tipjar.title --env production'],
  flags: { ...LAYER_FLAGS, ...IF_REVISION_FLAG, ...COMMENT_FLAG },
  async run(words, flags, shell) {
    const key = parseKey(requireWord(words, 0, 'KEY'));
    refuseMore(words, 1);
    const layer = readLayer(flags);
    const ifRevision = wholeNumber(flags, 'if-revision', { min: 0, max: Number.MAX_SAFE_INTEGER });
    const { config } = await shell.connect();
    const outcome = await config.unset({ ...key, layer, ifRevision, comment: text(flags, 'comment') });
    const what = nameOf(key, layer);
    if (outcome.kind !== 'stored' || shell.isJson) {
      return printOutcome(outcome, { what, stored: (revision) => `${what} is unset at revision ${revision}` }, shell);
    }
    // Of the places where other layers are in force, the person sees in "config explain".
    const entry = layer === undefined || layer === 'common' ? await config.get(key) : undefined;
    if (layer !== undefined && layer !== 'common') shell.out(`${what} is unset`);
    else if (entry === undefined) shell.out(`${what} has no value now`);
    else shell.out(`${what} is ${formatValue(entry.value)} again, ${sourceOf(entry.layer)}`);
    return 0;
  },
};

function sourceOf(layer: string): string {
  return layer === 'manifest' ? 'as plumb.yaml says' : `as ${layer} says`;
}
