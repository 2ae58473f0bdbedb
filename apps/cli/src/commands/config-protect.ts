import { OperatingError } from '@plumb/base';
import type { ConfigClient, Proposal } from '@plumb/config-store';
import { type Command, type ExitCode, refuseMore, requireWord, text } from '../command.ts';
import { formatChanges } from '../config-format.ts';
import { COMMENT_FLAG, confirm, printOutcome, YES_FLAG } from '../config-outcome.ts';
import { applicationName, parsePlace } from '../config-place.ts';
import { formatAge } from '../format-age.ts';
import type { Shell } from '../shell.ts';
import { plainText } from '../style.ts';

export const configProtect: Command = {
  name: 'config protect',
  summary: 'Make every change that reaches an environment need a second person.',
  usage: 'APPLICATION ENVIRONMENT',
  details:
    'A change to common, or to a region, reaches every environment. What a deploy brings with plumb.yaml is not held.',
  examples: ['plumb config protect tipjar production'],
  flags: {},
  run: (words, _flags, shell) => setProtection(words, true, shell),
};

export const configUnprotect: Command = {
  name: 'config unprotect',
  summary: 'Let one person alone change an environment again.',
  usage: 'APPLICATION ENVIRONMENT',
  examples: ['plumb config unprotect tipjar production'],
  flags: {},
  run: (words, _flags, shell) => setProtection(words, false, shell),
};

async function setProtection(words: readonly string[], isProtected: boolean, shell: Shell): Promise<ExitCode> {
  const application = applicationName(requireWord(words, 0, 'APPLICATION'));
  const { environment = '' } = parsePlace(requireWord(words, 1, 'ENVIRONMENT'));
  refuseMore(words, 2);
  await (await shell.connect()).config.protect({ application, environment, isProtected });
  if (shell.isJson) shell.json({ application, environment, isProtected });
  else if (isProtected)
    shell.out(`changes of ${application} that reach ${environment} need a second person from now on`);
  else shell.out(`${environment} of ${application} is open to one person again`);
  return 0;
}

export const configProposals: Command = {
  name: 'config proposals',
  summary: 'Show the changes that wait for a second person.',
  usage: '[APPLICATION]',
  examples: ['plumb config proposals', 'plumb config proposals tipjar --json'],
  flags: {},
  async run(words, _flags, shell) {
    refuseMore(words, 1);
    const { config } = await shell.connect();
    const proposals = await config.proposals({ application: words[0] });
    if (shell.isJson) shell.json(proposals);
    else if (proposals.length === 0) shell.err('no change waits for a second person');
    else shell.out(proposals.map((one) => formatProposal(one, shell).join('\n')).join('\n\n'));
    return 0;
  },
};

export const configApprove: Command = {
  name: 'config approve',
  summary: 'Put in force what somebody else has proposed.',
  usage: 'ID',
  details: 'Shows what would be different, and asks. Who proposed it cannot approve it.',
  examples: [
    'plumb config approve 01JZ4K8Q2MXVWB3D',
    'plumb config approve 01JZ4K8Q2MXVWB3D --yes --comment "checked"',
  ],
  flags: { ...YES_FLAG, ...COMMENT_FLAG },
  async run(words, flags, shell) {
    const { config, proposal } = await findProposal(words, shell);
    for (const line of formatProposal(proposal, shell)) shell.err(line);
    if (!(await confirm('Put it in force?', flags, shell))) return 1;
    const outcome = await config.approve({ id: proposal.id, comment: text(flags, 'comment') });
    const what = `the proposal of ${plainText(proposal.author)}`;
    return printOutcome(outcome, { what, stored: (revision) => `${what} is in force at revision ${revision}` }, shell);
  },
};

export const configReject: Command = {
  name: 'config reject',
  summary: 'Turn a proposed change down, or take your own back.',
  usage: 'ID',
  examples: ['plumb config reject 01JZ4K8Q2MXVWB3D --comment "after the holidays"'],
  flags: COMMENT_FLAG,
  async run(words, flags, shell) {
    const { config, proposal } = await findProposal(words, shell);
    await config.reject({ id: proposal.id, comment: text(flags, 'comment') });
    if (shell.isJson) shell.json({ id: proposal.id });
    else shell.out(`the proposal of ${plainText(proposal.author)} is turned down: nothing was changed`);
    return 0;
  },
};

async function findProposal(
  words: readonly string[],
  shell: Shell,
): Promise<{ readonly config: ConfigClient; readonly proposal: Proposal }> {
  const id = requireWord(words, 0, 'ID');
  refuseMore(words, 1);
  const { config } = await shell.connect();
  const proposal = (await config.proposals({})).find((one) => one.id === id);
  if (proposal !== undefined) return { config, proposal };
  throw new OperatingError('not-found', `no proposal ${id} waits: see what does with "plumb config proposals"`);
}

function formatProposal(
  { id, application, author, at, comment, environments, changes }: Proposal,
  shell: Shell,
): string[] {
  const { style, now } = shell;
  const why = comment === undefined ? '' : `  ${plainText(comment)}`;
  return [
    `${style.bold(id)}  ${application} in ${environments.join(', ')}, by ${plainText(author)} ${formatAge(at, now())}${why}`,
    ...formatChanges(changes, style),
  ];
}
