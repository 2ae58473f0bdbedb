import { type Command, refuseMore, requireWord, text, UsageError } from '../command.ts';
import { applicationName, parseKey } from '../config-place.ts';
import { formatAge } from '../format-age.ts';
import { formatTable, plainText } from '../style.ts';
import { readReach } from './config-keys.ts';

const REACH_FLAGS = {
  application: { type: 'string', value: 'NAME', short: 'a', help: 'of this application only (default: of all)' },
  env: { type: 'string', value: 'NAME', short: 'e', help: 'of this environment only (default: of all)' },
} as const;

/** Enough to tell two apart; all of it with --json. */
const RECIPIENT_SHOWN_CHARS = 16;

export const configRecipients: Command = {
  name: 'config recipients',
  summary: 'List for whom secrets are sealed.',
  usage: '',
  examples: ['plumb config recipients', 'plumb config recipients --application tipjar --env production --json'],
  flags: REACH_FLAGS,
  async run(words, flags, shell) {
    refuseMore(words, 0);
    const reach = readReach(text(flags, 'application'), text(flags, 'env'));
    const { config } = await shell.connect();
    const recipients = await config.recipients(reach);
    if (shell.isJson) {
      shell.json(recipients);
    } else if (recipients.length === 0) {
      shell.err(
        'secrets are sealed for nobody: "plumb config keys create" makes your key, a deploy that of an application',
      );
    } else {
      const rows = recipients.map(({ owner, recipient, application, environment, addedBy, at }) => [
        plainText(owner),
        `${recipient.slice(0, RECIPIENT_SHOWN_CHARS)}…`,
        application ?? '(all)',
        environment ?? '(all)',
        `${plainText(addedBy)}, ${formatAge(at, shell.now())}`,
      ]);
      shell.out(formatTable(['OWNER', 'RECIPIENT', 'APPLICATION', 'ENVIRONMENT', 'ADDED'], rows, shell.style));
    }
    return 0;
  },
};

export const configRecipientsAdd: Command = {
  name: 'config recipients add',
  summary: 'Have secrets sealed for somebody from now on.',
  usage: 'RECIPIENT --owner NAME',
  details:
    'The owner is the name of their token, which is sent what is sealed for the recipient. Secrets that exist already stay as they are until "plumb config rekey".',
  examples: ['plumb config recipients add age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p --owner ada'],
  flags: { ...REACH_FLAGS, owner: { type: 'string', value: 'NAME', help: 'the name of their token' } },
  async run(words, flags, shell) {
    const recipient = await readRecipient(words);
    refuseMore(words, 1);
    const owner = text(flags, 'owner');
    if (owner === undefined) throw new UsageError('whose is it? name the owner with --owner, as their token is named');
    const reach = readReach(text(flags, 'application'), text(flags, 'env'));
    await (await shell.connect()).config.addRecipient({ recipient, owner, ...reach });
    if (shell.isJson) shell.json({ recipient, owner, ...reach });
    else {
      shell.out(`secrets are sealed for ${owner} from now on`);
      shell.err('those that exist already, with "plumb config rekey"');
    }
    return 0;
  },
};

export const configRecipientsRemove: Command = {
  name: 'config recipients remove',
  summary: 'Leave somebody out of the secrets that are sealed from now on.',
  usage: 'RECIPIENT',
  details:
    'What they have read they know: seal what exists again with "plumb config rekey", and change the secrets that matter.',
  examples: ['plumb config recipients remove age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'],
  flags: REACH_FLAGS,
  async run(words, flags, shell) {
    const recipient = await readRecipient(words);
    refuseMore(words, 1);
    const reach = readReach(text(flags, 'application'), text(flags, 'env'));
    const { removed } = await (await shell.connect()).config.removeRecipient({ recipient, ...reach });
    if (shell.isJson) shell.json({ removed });
    else if (removed === 0) shell.err('it was not registered there: "plumb config recipients" lists what is');
    else {
      shell.out('secrets are not sealed for it any more');
      shell.err('"plumb config rekey" seals those that exist again; change those that matter, they were readable');
    }
    return removed === 0 ? 1 : 0;
  },
};

export const configWhoCanRead: Command = {
  name: 'config who-can-read',
  summary: 'Show who can open the secrets of an application, and who should but cannot.',
  usage: 'APPLICATION[.KEY]',
  examples: ['plumb config who-can-read tipjar', 'plumb config who-can-read tipjar.db.password --json'],
  flags: {},
  async run(words, _flags, shell) {
    const word = requireWord(words, 0, 'APPLICATION');
    refuseMore(words, 1);
    const asked = word.includes('.') ? parseKey(word) : { application: applicationName(word) };
    const secrets = await (await shell.connect()).config.whoCanRead(asked);
    if (shell.isJson) {
      shell.json(secrets);
    } else if (secrets.length === 0) {
      shell.err(`${word} has no secrets: "plumb config set APPLICATION.KEY --secret" makes one`);
    } else {
      const rows = secrets.map(({ key, layer, owners, unknown, missing, surplus }) => [
        key,
        layer,
        owners.join(', ') + (unknown.length === 0 ? '' : ` and ${unknown.length} that nobody owns any more`),
        missing.length === 0 ? '' : shell.style.yellow(missing.join(', ')),
        surplus.length === 0 ? '' : shell.style.yellow(surplus.join(', ')),
      ]);
      shell.out(
        formatTable(['KEY', 'LAYER', 'CAN READ', 'SHOULD BUT CANNOT', 'CAN BUT SHOULD NOT'], rows, shell.style),
      );
      const isStale = secrets.some((one) => one.missing.length + one.surplus.length + one.unknown.length > 0);
      if (isStale) shell.err('"plumb config rekey" seals them again for those who should');
    }
    return 0;
  },
};

async function readRecipient(words: readonly string[]): Promise<string> {
  const { parseRecipient } = await import('@plumb/vault');
  return parseRecipient(requireWord(words, 0, 'RECIPIENT'));
}
