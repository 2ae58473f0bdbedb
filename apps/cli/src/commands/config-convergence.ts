import { OperatingError } from '@plumb/base';
import type { ConfigConvergence } from '@plumb/config-store';
import { type Command, duration, refuseMore } from '../command.ts';
import { APPLICATION_FLAG, readApplication } from '../config-place.ts';
import { formatAge } from '../format-age.ts';
import type { Shell } from '../shell.ts';
import { formatTable } from '../style.ts';

/** A change is everywhere in well under a second: a person who waits sees it move. */
const ASK_AGAIN_MS = 250;

/** Who waits for longer wants to look at what is wrong instead. */
const WAIT_MS = 60_000;

export const configConvergence: Command = {
  name: 'config convergence',
  summary: 'Show which instances run which revision, or wait until all have the last one.',
  usage: '',
  details: 'An instance has converged when it reports the values that it should have now, not merely their revision.',
  examples: ['plumb config convergence', 'plumb config convergence -a tipjar --wait --timeout 30s'],
  flags: {
    ...APPLICATION_FLAG,
    wait: { type: 'boolean', help: 'until every instance has what it should' },
    timeout: { type: 'string', value: 'TIME', help: 'how long to wait (default 1m)' },
  },
  async run(words, flags, shell) {
    refuseMore(words, 0);
    const waitMs = duration(flags, 'timeout') ?? WAIT_MS;
    const application = await readApplication(flags, shell);
    const { config } = await shell.connect();
    const startedAt = shell.now();
    let state = await config.convergence({ application });
    while (flags['wait'] === true && countBehind(state) > 0 && shell.now() - startedAt < waitMs) {
      const done = state.instances.length - countBehind(state);
      shell.progress(`${application}: ${done} of ${state.instances.length} run revision ${state.revision}`);
      await shell.sleep(ASK_AGAIN_MS);
      if (shell.signal.aborted) break;
      state = await config.convergence({ application });
    }
    print(application, state, shell);
    if (flags['wait'] !== true || countBehind(state) === 0) return 0;
    const behind = `${countBehind(state)} of ${state.instances.length} instances of ${application}`;
    const advice = `see what they say with "plumb logs ${application}"`;
    throw new OperatingError('deadline', `${behind} do not have revision ${state.revision}: ${advice}`);
  },
};

function print(application: string, { revision, instances }: ConfigConvergence, shell: Shell): void {
  const { out, err, style, now } = shell;
  if (shell.isJson) {
    shell.json({ revision, instances });
    return;
  }
  if (instances.length === 0) {
    err(`no instance of ${application} follows its configuration, which is at revision ${revision}`);
    return;
  }
  const rows = instances.map((instance) => [
    instance.instance,
    instance.environment ?? '-',
    String(instance.revision),
    instance.isConverged ? style.green('● converged') : style.yellow('◐ behind'),
    formatAge(instance.at, now()),
    instance.rollout === undefined ? '' : `rollout ${instance.rollout}`,
  ]);
  out(formatTable(['INSTANCE', 'ENVIRONMENT', 'REVISION', 'STATE', 'REPORTED', ''], rows, style));
}

function countBehind({ instances }: ConfigConvergence): number {
  return instances.filter(({ isConverged }) => !isConverged).length;
}
