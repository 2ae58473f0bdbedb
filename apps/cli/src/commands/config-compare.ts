import type { ConfigEntry } from '@plumb/config-store';
import { type Command, refuseMore, requireWord } from '../command.ts';
import { formatShort, formatValue } from '../config-format.ts';
import {
  APPLICATION_FLAG,
  parseKey,
  parsePlace,
  PLACE_FLAGS,
  readApplication,
  readCoordinates,
} from '../config-place.ts';
import { formatAge } from '../format-age.ts';
import { formatTable, plainText } from '../style.ts';

export const configCompare: Command = {
  name: 'config compare',
  summary: 'Show what differs between two environments.',
  usage: 'ENVIRONMENT[/REGION] ENVIRONMENT[/REGION]',
  examples: ['plumb config compare staging production', 'plumb config compare production/eu production/us -a tipjar'],
  flags: APPLICATION_FLAG,
  async run(words, flags, shell) {
    const [left, right] = [requireWord(words, 0, 'ENVIRONMENT'), requireWord(words, 1, 'the second ENVIRONMENT')];
    refuseMore(words, 2);
    const places = { left: parsePlace(left), right: parsePlace(right) };
    const application = await readApplication(flags, shell);
    const { config } = await shell.connect();
    const differences = await config.compare({ application, ...places });
    if (shell.isJson) {
      shell.json(differences);
    } else if (differences.length === 0) {
      shell.err(`${application} is configured the same in ${left} and ${right}`);
    } else {
      const cell = (entry: ConfigEntry | undefined): string =>
        entry === undefined ? shell.style.dim('(none)') : `${formatShort(entry.value)} ${shell.style.dim(entry.layer)}`;
      const rows = differences.map((one) => [one.key, cell(one.left), cell(one.right)]);
      shell.out(formatTable(['KEY', left.toUpperCase(), right.toUpperCase()], rows, shell.style));
    }
    return 0;
  },
};

export const configExplain: Command = {
  name: 'config explain',
  summary: 'Show what every layer says of a key, and which one wins.',
  usage: 'APPLICATION.KEY',
  examples: ['plumb config explain tipjar.title', 'plumb config explain tipjar.title --env production --region eu'],
  flags: PLACE_FLAGS,
  async run(words, flags, { connect, out, err, json, isJson, style, now }) {
    const key = parseKey(requireWord(words, 0, 'KEY'));
    refuseMore(words, 1);
    const explanation = await (await connect()).config.explain({ ...key, ...readCoordinates(flags) });
    if (isJson) {
      json(explanation);
      return 0;
    }
    const { entries, rollout } = explanation;
    if (entries.length === 0) err(`no layer has a value for ${words[0]}`);
    const winner = entries.findLast(({ isInForce }) => isInForce);
    const rows = entries.map((entry) => {
      const isWinner = entry === winner;
      const value = formatShort(entry.value);
      const mark = isWinner ? style.green('→') : ' ';
      const state = isWinner ? '' : entry.isInForce ? 'overridden' : 'for other places';
      const why = [state, plainText(entry.comment ?? '')].filter((part) => part !== '').join(': ');
      return [
        `${mark} ${entry.layer}`,
        isWinner ? style.bold(value) : style.dim(value),
        String(entry.revision),
        `${plainText(entry.author)}, ${formatAge(entry.at, now())}`,
        why,
      ];
    });
    if (rows.length > 0) out(formatTable(['  LAYER', 'VALUE', 'REVISION', 'CHANGED', ''], rows, style));
    if (rollout !== undefined) {
      out(
        `${style.yellow('◐')} ${formatValue(rollout.value)} for ${rollout.instances.length} instances, by rollout ${rollout.id}`,
      );
    }
    return 0;
  },
};
