import { OperatingError } from '@plumb/base';
import type { ConfigClient, Rollout } from '@plumb/config-store';
import { type Command, refuseMore, requireWord, text, wholeNumber } from '../command.ts';
import { COMMENT_FLAG } from '../config-outcome.ts';
import { printRollout, rolloutLine } from '../config-rollout-lines.ts';
import { formatAge } from '../format-age.ts';
import type { Shell } from '../shell.ts';
import { formatTable, plainText } from '../style.ts';

/** Twice in the second in which a gate is asked again. */
const ASK_AGAIN_MS = 500;

export const configRolloutList: Command = {
  name: 'config rollout list',
  summary: 'List rollouts of configuration: those that run, then those that ended.',
  usage: '[APPLICATION]',
  examples: ['plumb config rollout list', 'plumb config rollout list shop --json'],
  flags: {},
  async run(words, _flags, shell) {
    refuseMore(words, 1);
    const { config } = await shell.connect();
    const rollouts = await config.rollouts({ application: words[0] });
    if (shell.isJson) {
      shell.json(rollouts);
    } else if (rollouts.length === 0) {
      shell.err('there was no rollout: start one with "plumb config rollout start APPLICATION.KEY VALUE"');
    } else {
      const rows = rollouts.map((rollout) => [
        rollout.id,
        rollout.application,
        rollout.changes.map(({ key }) => key).join(', '),
        `${plainText(rollout.author)}, ${formatAge(rollout.at, shell.now())}`,
        rolloutLine(rollout, shell.style),
      ]);
      shell.out(formatTable(['ID', 'APPLICATION', 'KEYS', 'STARTED', 'STATE'], rows, shell.style));
    }
    return 0;
  },
};

export const configRolloutStatus: Command = {
  name: 'config rollout status',
  summary: 'Show one rollout, or follow it to its end.',
  usage: 'ID',
  details: 'With --watch it ends when the rollout does, with 0 when it is done and 1 when it was reverted.',
  examples: ['plumb config rollout status 01JZ4K8Q2MXVWB3D', 'plumb config rollout status 01JZ4K8Q2MXVWB3D --watch'],
  flags: { watch: { type: 'boolean', help: 'print each step until it ends' } },
  async run(words, flags, shell) {
    const id = requireWord(words, 0, 'ID');
    refuseMore(words, 1);
    const { config } = await shell.connect();
    const rollout = await findRollout(config, id);
    const isWatching = flags['watch'] === true;
    printRollout(rollout, shell, { isLine: isWatching });
    if (!isWatching) return 0;
    const last = await follow(config, rollout, shell);
    return last.state === 'reverted' ? 1 : 0;
  },
};

export const configRolloutWiden: Command = {
  name: 'config rollout widen',
  summary: 'Give a rollout to more instances: its next stage, or the one that is named.',
  usage: 'ID',
  details: 'Past the last stage it is done: a change like any other.',
  examples: ['plumb config rollout widen 01JZ4K8Q2MXVWB3D', 'plumb config rollout widen 01JZ4K8Q2MXVWB3D --stage 3'],
  flags: { stage: { type: 'string', value: 'N', help: 'the stage to go to, from 1' }, ...COMMENT_FLAG },
  async run(words, flags, shell) {
    const id = requireWord(words, 0, 'ID');
    refuseMore(words, 1);
    const stage = wholeNumber(flags, 'stage', { min: 1, max: 21 });
    const { config } = await shell.connect();
    const index = stage === undefined ? undefined : stage - 1;
    printRollout(await config.widenRollout({ id, stage: index, comment: text(flags, 'comment') }), shell);
    return 0;
  },
};

export const configRolloutRevert: Command = {
  name: 'config rollout revert',
  summary: 'Take a rollout back from everybody who has it.',
  usage: 'ID',
  examples: ['plumb config rollout revert 01JZ4K8Q2MXVWB3D --comment "latency doubled"'],
  flags: COMMENT_FLAG,
  async run(words, flags, shell) {
    const id = requireWord(words, 0, 'ID');
    refuseMore(words, 1);
    const { config } = await shell.connect();
    printRollout(await config.revertRollout({ id, comment: text(flags, 'comment') }), shell);
    return 0;
  },
};

async function findRollout(config: ConfigClient, id: string, application?: string): Promise<Rollout> {
  const rollout = (await config.rollouts({ application })).find((one) => one.id === id);
  if (rollout !== undefined) return rollout;
  throw new OperatingError('not-found', `there is no rollout ${id}: "plumb config rollout list" shows all of them`);
}

/** Prints each state that it sees once, until the rollout ends or the person does. */
async function follow(config: ConfigClient, first: Rollout, shell: Shell): Promise<Rollout> {
  let rollout = first;
  let told = rolloutLine(first, shell.style);
  while ((rollout.state === 'running' || rollout.state === 'held') && !shell.signal.aborted) {
    await shell.sleep(ASK_AGAIN_MS);
    if (shell.signal.aborted) return rollout;
    rollout = await findRollout(config, first.id, first.application);
    const line = rolloutLine(rollout, shell.style);
    if (line === told) continue;
    told = line;
    if (shell.isJson) shell.json(rollout, { isLine: true });
    else shell.out(`  ${line}`);
  }
  return rollout;
}
