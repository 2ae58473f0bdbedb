import { type Command, refuseMore, requireWord, text } from '../command.ts';
import { formatChanges } from '../config-format.ts';
import { COMMENT_FLAG, confirm, printOutcome, YES_FLAG } from '../config-outcome.ts';
import { APPLICATION_FLAG, readApplication } from '../config-place.ts';
import { parseRevision } from './config-changes.ts';

export const configRollback: Command = {
  name: 'config rollback',
  summary: 'Bring the values of an earlier revision back, as a new one.',
  usage: 'REVISION',
  details:
    'Shows what would be different, and asks. What plumb.yaml gives stays: deploy the manifest of that time for it. A rollback can be rolled back.',
  examples: [
    'plumb config rollback 41',
    'plumb config rollback 41 --dry-run',
    'plumb config rollback 41 -a tipjar --keys title,mail.host --yes --comment "mail is down"',
  ],
  flags: {
    ...APPLICATION_FLAG,
    keys: { type: 'string', value: 'KEY,…', help: 'these keys only' },
    'dry-run': { type: 'boolean', help: 'show what would be different, and change nothing' },
    ...YES_FLAG,
    ...COMMENT_FLAG,
  },
  async run(words, flags, shell) {
    const revision = parseRevision(requireWord(words, 0, 'REVISION')) ?? 0;
    refuseMore(words, 1);
    const application = await readApplication(flags, shell);
    const keys = text(flags, 'keys')?.split(',');
    const wanted = { application, revision, ...(keys !== undefined && { keys }) };
    const { config } = await shell.connect();
    const checked = await config.rollback({ ...wanted, isDryRun: true });
    const changes = checked.kind === 'checked' ? checked.changes : [];
    const isDryRun = flags['dry-run'] === true;
    if (shell.isJson && isDryRun) {
      shell.json(checked);
      return 0;
    }
    if (changes.length === 0) {
      shell.err(`${application} has the values of revision ${revision} already`);
      if (shell.isJson) shell.json(checked);
      return 0;
    }
    const print = isDryRun ? shell.out : shell.err;
    for (const line of formatChanges(changes, shell.style)) print(line);
    if (isDryRun) return 0;
    if (!(await confirm(`Bring ${application} back to revision ${revision}?`, flags, shell))) return 1;
    const outcome = await config.rollback({ ...wanted, comment: text(flags, 'comment') });
    if (outcome.kind === 'checked') return 0;
    const stored = (at: number): string => `${application} is back at revision ${revision}, as revision ${at}`;
    return printOutcome(outcome, { what: application, stored }, shell);
  },
};
