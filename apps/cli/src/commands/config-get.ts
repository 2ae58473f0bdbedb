import { OperatingError } from '@plumb/base';
import { isSealedValue } from '@plumb/config/feed';
import type { ConfigClient, ConfigEntry } from '@plumb/config-store';
import { type Command, refuseMore, requireWord, text, UsageError } from '../command.ts';
import { formatValue } from '../config-format.ts';
import { IDENTITY_FLAG, readIdentities } from '../config-identity.ts';
import { type Key, LAYER_FLAGS, parseKey, PLACE_FLAGS, readCoordinates, readLayer } from '../config-place.ts';

/** Of the keys below one that has no value itself, a person needs to see that there are some. */
const BELOW_SHOWN_MAX = 5;

export const configGet: Command = {
  name: 'config get',
  summary: 'Print one configuration value.',
  usage: 'APPLICATION.KEY',
  details:
    'With --env or --region it is the value that a reader there has; without, the one where the application was deployed last. A secret is shown only with --reveal, and opened here with your own key.',
  examples: [
    'plumb config get tipjar.title',
    'plumb config get tipjar.title --env production --json   # with layer, revision and author',
    'plumb config get tipjar.db.password --reveal',
  ],
  flags: {
    ...PLACE_FLAGS,
    layer: { ...LAYER_FLAGS.layer, help: 'the value of this layer itself, such as env:production' },
    reveal: { type: 'boolean', help: 'open a secret and print it' },
    ...IDENTITY_FLAG,
  },
  async run(words, flags, shell) {
    const key = parseKey(requireWord(words, 0, 'KEY'));
    refuseMore(words, 1);
    const layer = text(flags, 'layer') === undefined ? undefined : readLayer(flags);
    const { config } = await shell.connect();
    const entry =
      layer === undefined
        ? await config.get({ ...key, ...readCoordinates(flags) })
        : (await config.list({ application: key.application, layer })).find((one) => one.key === key.key);
    if (entry === undefined) throw await missing(key, config, layer);
    const isOpened = flags['reveal'] === true && isSealedValue(entry.value);
    const shown = isOpened ? await reveal(entry, await readIdentities(flags, shell)) : entry;
    if (shell.isJson) {
      shell.json(shown);
      return 0;
    }
    // A secret is for another program as it is: its line ends are its own.
    shell.out(isOpened && typeof shown.value === 'string' ? shown.value : formatValue(shown.value));
    if (isSealedValue(shown.value)) shell.err(adviceOn(shown.value.to.length, key.application));
    return 0;
  },
};

function adviceOn(readerCount: number, application: string): string {
  if (readerCount === 0) return `"plumb config who-can-read ${application}" names those whom it is for`;
  const readers = readerCount === 1 ? '1 reader' : `${readerCount} readers`;
  return `it is sealed for ${readers}: --reveal opens it with your key`;
}

async function reveal(entry: ConfigEntry, identities: readonly string[]): Promise<ConfigEntry> {
  const { application, key, value } = entry;
  if (!isSealedValue(value)) throw new UsageError(`${application}.${key} is no secret`);
  const { openSealedValue } = await import('@plumb/vault');
  return { ...entry, value: await openSealedValue({ application, key, sealed: value, identities }) };
}

async function missing(
  { application, key }: Key,
  config: ConfigClient,
  layer: string | undefined,
): Promise<OperatingError> {
  const entries = await config.list({ application, ...(layer !== undefined && { layer }) }).catch(() => []);
  const below = entries.map((entry) => entry.key).filter((other) => other.startsWith(`${key}.`));
  const where = layer === undefined ? '' : ` in ${layer}`;
  if (below.length === 0) {
    const advice = `list what there is with "plumb config list ${application}"`;
    return new OperatingError('not-found', `${application}.${key} has no value${where}: ${advice}`);
  }
  const shown = below.slice(0, BELOW_SHOWN_MAX).map((one) => `${application}.${one}`);
  const more = below.length > shown.length ? ` and ${below.length - shown.length} more` : '';
  return new OperatingError(
    'not-found',
    `${application}.${key} is no value${where}: ask for ${shown.join(', ')}${more}`,
  );
}
