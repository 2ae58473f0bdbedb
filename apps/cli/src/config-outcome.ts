/** What came of a change, for people: in force, refused because somebody was faster, or waiting for a second person. */
import type { ChangeOutcome } from '@plumb/config-store';
import type { ExitCode } from './command.ts';
import type { Shell } from './shell.ts';

export type OutcomeWords = {
  /** What was changed: `shop.title in env:production`. */
  readonly what: string;
  /** The line for success; `revision` is that of the change. */
  readonly stored: (revision: number) => string;
};

/** Prints it, as data with `--json`. A proposal is what was asked for as far as it can be: 0. */
export function printOutcome(outcome: ChangeOutcome, words: OutcomeWords, shell: Shell): ExitCode {
  if (shell.isJson) shell.json(outcome);
  switch (outcome.kind) {
    case 'stored':
      if (!shell.isJson) shell.out(words.stored(outcome.revision));
      return 0;
    case 'proposed':
      if (!shell.isJson) {
        shell.out(`${words.what}: waits for a second person, proposed as ${outcome.proposal}`);
        shell.err(`somebody else puts it in force with "plumb config approve ${outcome.proposal}"`);
      }
      return 0;
    case 'conflict': {
      const { current } = outcome;
      shell.err(
        current === undefined
          ? `${words.what} was not changed: somebody was faster`
          : `${words.what} was not changed: it is at revision ${current.revision} since ${current.author} changed it`,
      );
      shell.err('look at what is there, then try again');
      return 1;
    }
  }
}

/** Asks whether to go on. Without a person `--yes` has to say so. */
export async function confirm(question: string, flags: { readonly yes?: unknown }, shell: Shell): Promise<boolean> {
  if (flags.yes === true) return true;
  const answer = await shell.ask(`${question} [y/N] `);
  if (answer === undefined) {
    shell.err('nobody can be asked here: say --yes to go on, or --dry-run to look only');
    return false;
  }
  if (/^y(es)?$/i.test(answer.trim())) return true;
  shell.err('nothing was changed');
  return false;
}

export const YES_FLAG = { yes: { type: 'boolean', short: 'y', help: 'do not ask' } } as const;
export const COMMENT_FLAG = { comment: { type: 'string', value: 'TEXT', help: 'why, for the history' } } as const;
