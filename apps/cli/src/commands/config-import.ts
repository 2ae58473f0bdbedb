import type { ConfigClient, ValueChange, WantedChange } from '@plumb/config-store';
import { type Command, type ExitCode, type Flags, refuseMore, requireWord, text, UsageError } from '../command.ts';
import { checkChanges, partsOf, placed, planChanges, type Target } from '../config-change-set.ts';
import { type FileValues, readFileValues, readNamedText, requireFormat } from '../config-file.ts';
import { formatChanges } from '../config-format.ts';
import { findIdentities, IDENTITY_FLAG, readIdentities } from '../config-identity.ts';
import { COMMENT_FLAG, printOutcome } from '../config-outcome.ts';
import { APPLICATION_FLAG, LAYER_FLAGS, readApplication, readLayer } from '../config-place.ts';
import { fetchConsulKv } from '../consul-kv.ts';
import { createProgressBar } from '../progress-bar.ts';
import type { Shell } from '../shell.ts';

export const configImport: Command = {
  name: 'config import',
  summary: 'Take over the values of other programs: dotenv, YAML, JSON, TOML, Consul KV, SOPS.',
  usage: 'FORMAT FILE | consul --from URL',
  details:
    'FORMAT is dotenv, yaml, json, toml, consul (what "consul kv export" writes) or sops; - is what is piped in. Names become keys: DB__MAX_SIZE is db.max-size, app/db/port is app.db.port. What SOPS had encrypted is sealed for the readers here. Up to 250 values are one change set.',
  examples: [
    'plumb config import dotenv .env --prefix SHOP_ -a shop --dry-run',
    'plumb config import dotenv .env --secret "db.password" --env production -a shop',
    'consul kv export shop/ | plumb config import consul - --prefix shop/ -a shop',
    'plumb config import consul --from http://127.0.0.1:8500 --prefix shop/ -a shop   # token: $CONSUL_HTTP_TOKEN',
    'plumb config import sops secrets.yaml --env production -a shop',
  ],
  flags: {
    ...APPLICATION_FLAG,
    ...LAYER_FLAGS,
    prefix: { type: 'string', value: 'TEXT', help: 'only names that begin so, without it: SHOP_, shop/' },
    from: { type: 'string', value: 'URL', help: 'ask this Consul server instead of reading a file' },
    kebab: { type: 'boolean', help: 'make keys of names that are none: max_size and maxSize become max-size' },
    text: { type: 'boolean', help: 'take every value of dotenv and Consul as text, numbers too' },
    secret: { type: 'string', value: 'KEY,…', help: 'seal these values; tokens.* is all below tokens' },
    'dry-run': { type: 'boolean', help: 'show what would be different, and change nothing' },
    ...IDENTITY_FLAG,
    ...COMMENT_FLAG,
  },
  async run(words, flags, shell) {
    const target = { application: await readApplication(flags, shell), layer: readLayer(flags) ?? 'common' };
    const file = await readSource(words, flags, shell);
    const { config } = await shell.connect();
    using bar = createProgressBar({ what: 'comparing', total: file.values.size }, shell);
    const changes = await planChanges(config, target, file.values, {
      identities: await findIdentities(flags, shell),
      isComplete: false,
      onStep: bar.step,
    });
    const checked = await checkChanges(config, target, changes, file.placeOf);
    const isDryRun = flags['dry-run'] === true;
    if (isDryRun && shell.isJson) shell.json(checked);
    if (checked.length === 0) {
      shell.err(`${target.application} has all ${file.values.size} values in ${target.layer} already`);
      return 0;
    }
    for (const line of formatChanges(checked, shell.style)) (isDryRun ? shell.out : shell.err)(line);
    if (isDryRun) return 0;
    return store(config, { target, changes, checked, file, comment: text(flags, 'comment') }, shell);
  },
};

async function readSource(words: readonly string[], flags: Flags, shell: Shell): Promise<FileValues> {
  const format = requireWord(words, 0, 'FORMAT');
  const from = text(flags, 'from');
  const secrets = text(flags, 'secret');
  const names = {
    prefix: text(flags, 'prefix'),
    isKebab: flags['kebab'] === true,
    isText: flags['text'] === true,
  };
  if (from !== undefined) {
    if (format !== 'consul')
      throw new UsageError('--from asks a Consul server: write "config import consul --from URL"');
    refuseMore(words, 1);
    const [token, { prefix }] = [shell.env['CONSUL_HTTP_TOKEN'], names];
    const given = token === '' ? undefined : token;
    const answer = await fetchConsulKv({ address: from, prefix, token: given, signal: shell.signal });
    return readFileValues({ text: answer, name: from }, { ...names, format, secrets });
  }
  const name = requireWord(words, 1, 'FILE');
  refuseMore(words, 2);
  if (format === 'sops') {
    const { readSopsValues } = await import('../config-sops.ts');
    const identities = await readIdentities(flags, shell);
    return readSopsValues(await readNamedText(name, shell), { ...names, secrets, identities });
  }
  const known = await requireFormat(format);
  return readFileValues(await readNamedText(name, shell), { ...names, format: known, secrets });
}

type Batch = {
  readonly target: Target;
  readonly changes: readonly WantedChange[];
  readonly checked: readonly ValueChange[];
  readonly file: FileValues;
  readonly comment: string | undefined;
};

/** Set after set: what was stored before one that fails stays, and starting again goes on behind it. */
async function store(config: ConfigClient, batch: Batch, shell: Shell): Promise<ExitCode> {
  const { target, changes, checked, file, comment } = batch;
  const { application, layer } = target;
  const parts = partsOf(changes);
  const revisions: number[] = [];
  using bar = createProgressBar({ what: 'storing', total: parts.length }, shell);
  for (const [i, part] of parts.entries()) {
    const outcome = await config.change({ application, changes: part, comment }).catch(placed(file.placeOf));
    const isLast = i === parts.length - 1;
    const count = checked.length === 1 ? '1 value' : `${checked.length} values`;
    const what = `${count} of ${application} in ${layer}`;
    if (outcome.kind === 'stored') revisions.push(outcome.revision);
    const isSaid = outcome.kind === 'conflict' || outcome.kind === 'proposed' || isLast;
    if (isSaid && outcome.kind !== 'checked') {
      const stored = (revision: number): string =>
        `${what} ${checked.length === 1 ? 'is' : 'are'} in force at revision ${revision}${revisions.length > 1 ? `, in ${revisions.length} change sets` : ''}`;
      const code = printOutcome(outcome, { what, stored }, shell);
      if (code !== 0) return code;
    }
    bar.step();
  }
  return 0;
}
