import { OperatingError } from '@plumb/base';
import type { Stage } from './contract/rollouts.ts';

/** A bad value reaches at most a twentieth of the instances (one, where there are fewer than forty) before its gate has spoken. */
export const DEFAULT_STAGES: readonly Stage[] = [{ percent: 5 }, { percent: 25 }, { percent: 50 }, { percent: 100 }];

/** @throws OperatingError `invalid` where a stage is not wider than one of its kind before it. */
export function checkStages(stages: readonly Stage[]): void {
  let [instances, percent] = [0, 0];
  for (const [i, stage] of stages.entries()) {
    const isWider = 'instances' in stage ? stage.instances > instances : stage.percent > percent;
    if (!isWider) {
      throw new OperatingError(
        'invalid',
        `stage ${i + 1}, ${formatStage(stage)}, is not wider than those before it: give them in order, like 5%, 25%, 100%`,
      );
    }
    if ('instances' in stage) instances = stage.instances;
    else percent = stage.percent;
  }
}

export function formatStage(stage: Stage): string {
  if ('percent' in stage) return `${stage.percent}%`;
  return stage.instances === 1 ? '1 instance' : `${stage.instances} instances`;
}
