/** Rollouts of configuration, for people. */
import type { Rollout, Stage } from '@plumb/config-store';
import { formatChanges } from './config-format.ts';
import { formatAge } from './format-age.ts';
import type { Shell } from './shell.ts';
import { plainText, type Style } from './style.ts';

/** Members that a person can still compare with what they see; all of them with --json. */
const MEMBERS_SHOWN_MAX = 10;

export function printRollout(
  rollout: Rollout,
  shell: Shell,
  { isLine = false }: { readonly isLine?: boolean } = {},
): void {
  if (shell.isJson) {
    shell.json(rollout, { isLine });
    return;
  }
  const { id, application, author, at, comment, changes, instances, gate, lastGate } = rollout;
  const { out, style, now } = shell;
  const why = comment === undefined ? '' : `  ${plainText(comment)}`;
  out(`${style.bold(id)}  ${application}, by ${plainText(author)} ${formatAge(at, now())}${why}`);
  for (const line of formatChanges(changes, style)) out(line);
  out(`  ${rolloutLine(rollout, style)}`);
  if (gate !== undefined) {
    const limit = gate.max === undefined ? `>= ${gate.min}` : `<= ${gate.max}`;
    const seen = lastGate === undefined ? 'not asked yet' : `${lastGate.value ?? 'no answer'}, ${lastGate.verdict}`;
    out(`  gate: ${plainText(gate.query)} ${limit} (${seen})`);
  }
  const more = instances.length > MEMBERS_SHOWN_MAX ? ` and ${instances.length - MEMBERS_SHOWN_MAX} more` : '';
  if (instances.length > 0) out(`  with: ${instances.slice(0, MEMBERS_SHOWN_MAX).join(', ')}${more}`);
}

/** Its state on one line. */
export function rolloutLine(rollout: Rollout, style: Style): string {
  const { state, reason, stage, stages, instances } = rollout;
  const count = instances.length === 1 ? '1 instance' : `${instances.length} instances`;
  const steps = stages.map((one, i) => (i === stage ? style.bold(formatStage(one)) : formatStage(one))).join(' → ');
  return `${paint(state, style)}: ${plainText(reason)} (stage ${stage + 1} of ${steps}, ${count})`;
}

function formatStage(stage: Stage): string {
  return 'percent' in stage ? `${stage.percent} %` : String(stage.instances);
}

function paint(state: Rollout['state'], style: Style): string {
  switch (state) {
    case 'running':
      return style.cyan('◐ running');
    case 'held':
      return style.yellow('◐ held');
    case 'done':
      return style.green('● done');
    case 'reverted':
      return style.red('✖ reverted');
  }
}
