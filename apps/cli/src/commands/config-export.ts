import { OperatingError } from '@plumb/base';
import { type ConfigValue, isSealedValue } from '@plumb/config/feed';
import type { ConfigEntry } from '@plumb/config-store';
import fs from 'node:fs/promises';
import path from 'node:path';
import { type Command, refuseMore, requireWord, text } from '../command.ts';
import { IDENTITY_FLAG, readIdentities } from '../config-identity.ts';
import {
  APPLICATION_FLAG,
  LAYER_FLAGS,
  PLACE_FLAGS,
  readApplication,
  readCoordinates,
  readLayer,
} from '../config-place.ts';
import { createReaders } from '../config-seal.ts';
import type { Shell } from '../shell.ts';
import { requireFormat } from '../config-file.ts';

export const configExport: Command = {
  name: 'config export',
  summary: 'Write the values for other programs: dotenv, YAML, JSON, TOML, Consul KV, SOPS.',
  usage: 'FORMAT',
  details:
    'The values in force, or with --layer those of one layer. Secrets stay sealed in YAML, JSON and TOML, are encrypted for the same readers in SOPS, and are left out of dotenv and Consul; --reveal opens them with your own key and writes them as they are.',
  examples: [
    'plumb config export yaml -a shop --env production > production.yaml',
    'plumb config export dotenv -a shop --prefix SHOP_ --reveal --out .env',
    'plumb config export sops -a shop --env production --out secrets.yaml',
    'plumb config export consul -a shop --prefix shop/ | consul kv import -',
  ],
  flags: {
    ...APPLICATION_FLAG,
    ...PLACE_FLAGS,
    layer: { ...LAYER_FLAGS.layer, help: 'what this layer itself has, such as env:production' },
    prefix: { type: 'string', value: 'TEXT', help: 'what names begin with in dotenv (SHOP_) and Consul (shop/)' },
    out: { type: 'string', value: 'FILE', help: 'write to this file, 0600 with --reveal (default: stdout)' },
    reveal: { type: 'boolean', help: 'open secrets, and write them for everybody who sees the output' },
    ...IDENTITY_FLAG,
  },
  async run(words, flags, shell) {
    const word = requireWord(words, 0, 'FORMAT');
    refuseMore(words, 1);
    const isSops = word === 'sops';
    const format = isSops ? 'yaml' : await requireFormat(word);
    const layer = text(flags, 'layer') === undefined ? undefined : readLayer(flags);
    const application = await readApplication(flags, shell);
    const { config } = await shell.connect();
    const place = layer === undefined ? readCoordinates(flags) : { layer };
    const entries = await config.list({ application, ...place });
    const isRevealed = flags['reveal'] === true || isSops;
    const hasSecrets = entries.some(({ value }) => isSealedValue(value));
    const identities = isRevealed && hasSecrets ? await readIdentities(flags, shell) : [];
    const values = new Map<string, ConfigValue>();
    for (const entry of entries) values.set(entry.key, isRevealed ? await opened(entry, identities) : entry.value);
    const secrets = new Set(entries.filter(({ value }) => isSealedValue(value)).map(({ key }) => key));
    const out = text(flags, 'out');
    if (isSops) {
      const readers = createReaders(config, application);
      const recipients = await readers(layer === undefined || layer === 'manifest' ? layerOf(flags) : layer);
      const { writeSopsValues } = await import('../config-sops.ts');
      const sops = await writeSopsValues(values, { secrets, recipients });
      await write(sops, { out, isPrivate: false }, shell);
      return 0;
    }
    const { exportValues } = await import('@plumb/config/export');
    const exported = await exportValues(values, { format, prefix: text(flags, 'prefix') });
    await write(exported.text, { out, isPrivate: isRevealed && hasSecrets }, shell);
    warn(exported, { format, secrets }, shell);
    return 0;
  },
};

/** Whose readers a file of what is in force there is for. */
function layerOf(flags: Parameters<Command['run']>[1]): string {
  return readLayer(flags) ?? 'common';
}

async function opened({ application, key, value }: ConfigEntry, identities: readonly string[]): Promise<ConfigValue> {
  if (!isSealedValue(value)) return value;
  const { openSealedValue } = await import('@plumb/vault');
  return openSealedValue({ application, key, sealed: value, identities });
}

async function write(
  content: string,
  { out, isPrivate }: { readonly out: string | undefined; readonly isPrivate: boolean },
  { directory, out: print, err }: Shell,
): Promise<void> {
  if (out === undefined) {
    print(content.replace(/\n$/, ''));
    return;
  }
  const file = path.resolve(directory, out);
  try {
    // A file that is there keeps its mode, which may let others read it: then it is not written to.
    await fs.writeFile(file, content, isPrivate ? { mode: 0o600, flag: 'wx' } : {});
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new OperatingError(
        'already-exists',
        `${out} is there already: secrets are written to a file of their own only`,
      );
    }
    throw new OperatingError(
      'unavailable',
      `cannot write ${file} (${code}): name a file in a folder that you may write to`,
    );
  }
  err(`written to ${out}${isPrivate ? ', which only you can read' : ''}`);
}

function warn(
  { omitted, inexact }: { readonly omitted: readonly string[]; readonly inexact: readonly string[] },
  { format, secrets }: { readonly format: string; readonly secrets: ReadonlySet<string> },
  { err, style }: Shell,
): void {
  const leftOut = omitted.filter((key) => secrets.has(key));
  const others = omitted.filter((key) => !secrets.has(key));
  const sign = style.yellow('!');
  if (leftOut.length > 0) err(`${sign} secrets are left out, --reveal writes them: ${leftOut.join(', ')}`);
  if (others.length > 0) err(`${sign} ${format} cannot hold, and so leaves out: ${others.join(', ')}`);
  if (inexact.length > 0)
    err(`${sign} would be read back differently, such as text that looks like a number: ${inexact.join(', ')}`);
}
