import { type Command, refuseMore, requireWord, text, UsageError } from '../command.ts';
import { checkChanges, CHANGES_PER_SET_MAX, placed, planChanges } from '../config-change-set.ts';
import { formatOfName, readFileValues, readNamedText, requireFormat } from '../config-file.ts';
import { formatChanges } from '../config-format.ts';
import { findIdentities, IDENTITY_FLAG } from '../config-identity.ts';
import { COMMENT_FLAG, printOutcome } from '../config-outcome.ts';
import { APPLICATION_FLAG, LAYER_FLAGS, readApplication, readLayer } from '../config-place.ts';
import { createProgressBar } from '../progress-bar.ts';

export const configApply: Command = {
  name: 'config apply',
  summary: 'Make the values of a file those of a layer, all at one revision or none.',
  usage: 'FILE',
  details:
    'YAML, JSON, TOML or dotenv, by the name of the file; - is what is piped in. Values that are so already are not set again. With --prune the layer has only what the file has.',
  examples: [
    'plumb config apply production.yaml --env production --dry-run',
    'plumb config apply production.yaml --env production --prune --comment "release 12"',
    'plumb config apply .env --secret "db.password,tokens.*" -a tipjar',
  ],
  flags: {
    ...APPLICATION_FLAG,
    ...LAYER_FLAGS,
    format: { type: 'string', value: 'FORMAT', help: 'yaml, json, toml or dotenv, where the name does not tell' },
    kebab: { type: 'boolean', help: 'make keys of names that are none: max_size and maxSize become max-size' },
    secret: { type: 'string', value: 'KEY,…', help: 'seal these values; tokens.* is all below tokens' },
    prune: { type: 'boolean', help: 'take away what the layer has and the file has not' },
    'dry-run': { type: 'boolean', help: 'show what would be different, and change nothing' },
    ...IDENTITY_FLAG,
    ...COMMENT_FLAG,
  },
  async run(words, flags, shell) {
    const name = requireWord(words, 0, 'FILE');
    refuseMore(words, 1);
    const given = text(flags, 'format');
    const format = given === undefined ? formatOfName(name) : await requireFormat(given);
    const target = { application: await readApplication(flags, shell), layer: readLayer(flags) ?? 'common' };
    const options = { format, isKebab: flags['kebab'] === true, secrets: text(flags, 'secret') };
    const file = await readFileValues(await readNamedText(name, shell), options);
    const { config } = await shell.connect();
    using bar = createProgressBar({ what: 'comparing', total: file.values.size }, shell);
    const changes = await planChanges(config, target, file.values, {
      identities: await findIdentities(flags, shell),
      isComplete: flags['prune'] === true,
      onStep: bar.step,
    });
    if (changes.length > CHANGES_PER_SET_MAX) {
      const advice = 'bring it in parts with "plumb config import"';
      throw new UsageError(`${changes.length} values would change, over ${CHANGES_PER_SET_MAX} at once: ${advice}`);
    }
    const checked = await checkChanges(config, target, changes, file.placeOf);
    const isDryRun = flags['dry-run'] === true;
    if (isDryRun && shell.isJson) shell.json(checked);
    if (checked.length === 0) {
      shell.err(`${target.application} has these values in ${target.layer} already`);
      return 0;
    }
    for (const line of formatChanges(checked, shell.style)) (isDryRun ? shell.out : shell.err)(line);
    if (isDryRun) return 0;
    const { application } = target;
    const outcome = await config
      .change({ application, changes: [...changes], comment: text(flags, 'comment') })
      .catch(placed(file.placeOf));
    if (outcome.kind === 'checked') return 0;
    const count = checked.length === 1 ? '1 value' : `${checked.length} values`;
    const what = `${count} of ${application} in ${target.layer}`;
    return printOutcome(outcome, { what, stored: (revision) => `${what} changed at revision ${revision}` }, shell);
  },
};
