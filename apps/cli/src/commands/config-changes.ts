import type { ChangeSet } from '@plumb/config-store';
import { type Command, refuseMore, text, UsageError, wholeNumber } from '../command.ts';
import { formatChanges } from '../config-format.ts';
import { APPLICATION_FLAG, readApplication } from '../config-place.ts';
import { formatAge } from '../format-age.ts';
import { plainText, type Style } from '../style.ts';

export const configDiff: Command = {
  name: 'config diff',
  summary: 'Show what differs between two revisions, in every layer.',
  usage: '[FROM [TO]]',
  details: 'Without TO it is the present; without FROM it is what the last change set changed.',
  examples: ['plumb config diff', 'plumb config diff 41', 'plumb config diff 41 45 -a tipjar --json'],
  flags: APPLICATION_FLAG,
  async run(words, flags, shell) {
    refuseMore(words, 2);
    const [from, to] = [0, 1].map((index) => parseRevision(words[index]));
    const application = await readApplication(flags, shell);
    const { config } = await shell.connect();
    const start = from ?? (await config.changeSets({ application, limit: 1 }))[0];
    if (start === undefined) {
      shell.err(`${application} was never changed`);
      return 0;
    }
    const changes = typeof start === 'number' ? await config.diff({ application, from: start, to }) : start.changes;
    if (shell.isJson) shell.json(changes);
    else if (changes.length === 0) shell.err(`${application} is the same as at revision ${from}`);
    else for (const line of formatChanges(changes, shell.style)) shell.out(line);
    return 0;
  },
};

export const configLog: Command = {
  name: 'config log',
  summary: 'List what was changed, revision by revision, latest first.',
  usage: '',
  examples: ['plumb config log', 'plumb config log -a tipjar --limit 50', 'plumb config log --before 41 --json'],
  flags: {
    ...APPLICATION_FLAG,
    limit: { type: 'string', value: 'N', help: 'how many change sets (default 10)' },
    before: { type: 'string', value: 'REVISION', help: 'those before this revision' },
  },
  async run(words, flags, shell) {
    refuseMore(words, 0);
    const limit = wholeNumber(flags, 'limit', { min: 1, max: 1_000 }) ?? 10;
    const before = parseRevision(text(flags, 'before'));
    const application = await readApplication(flags, shell);
    const { config } = await shell.connect();
    const sets = await config.changeSets({ application, limit, before });
    if (shell.isJson) shell.json(sets);
    else if (sets.length === 0)
      shell.err(`${application} was never changed${before === undefined ? '' : ' before that'}`);
    else shell.out(sets.map((set) => formatSet(set, shell.style, shell.now())).join('\n\n'));
    return 0;
  },
};

function formatSet(
  { revision, author, approvedBy, at, comment, changes }: ChangeSet,
  style: Style,
  now: number,
): string {
  const second = approvedBy === undefined ? '' : `, approved by ${plainText(approvedBy)}`;
  const why = comment === undefined ? '' : `  ${plainText(comment)}`;
  const head = `${style.bold(`revision ${revision}`)}  ${plainText(author)}${second}, ${formatAge(at, now)}${why}`;
  return [head, ...formatChanges(changes, style)].join('\n');
}

/** @throws UsageError. */
export function parseRevision(word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  if (/^\d{1,15}$/.test(word)) return Number(word);
  throw new UsageError(`"${word}" is no revision: "plumb config log" lists them`);
}
