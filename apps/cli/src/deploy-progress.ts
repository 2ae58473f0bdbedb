/**
 * A deploy as a person watches it: what was done, then one line for each unit and state that is waited for. Why a unit is not
 * ready is told of failures at once, and of what merely starts only after `explain` was called.
 */
import type { DeployProgress, PlanStep } from '@plumb/deploy';
import type { Shell } from './shell.ts';
import { paintState, plainText } from './style.ts';

type Health = Extract<DeployProgress, { kind: 'waiting' }>['health'];

export class ProgressPrinter {
  readonly #shell: Pick<Shell, 'out' | 'err' | 'style'>;
  readonly #told = new Set<string>();
  /** What is waited for now. */
  readonly #waiting = new Map<string, Health>();
  #steps: readonly PlanStep[] = [];
  #isExplaining = false;

  constructor(shell: Pick<Shell, 'out' | 'err' | 'style'>) {
    this.#shell = shell;
  }

  print(event: DeployProgress): void {
    const { err, out, style } = this.#shell;
    switch (event.kind) {
      case 'plan': {
        const { application, release, environment, steps } = event.plan;
        this.#steps = steps;
        err(`${style.bold(application)} ${style.dim(`release ${release}, ${environment}`)}`);
        return;
      }
      case 'step': {
        const step = this.#steps[event.index];
        if (event.state === 'done' && step !== undefined && step.kind !== 'keep')
          err(`  ${style.green('✓')} ${describeStep(step)}`);
        return;
      }
      case 'waiting':
        if (event.health.state === 'ready') this.#waiting.delete(event.unit);
        else {
          this.#waiting.set(event.unit, event.health);
          this.#tell(event.unit, event.health);
        }
        return;
      case 'done':
        for (const unit of event.status.units)
          out(
            `  ${paintState(style, unit.health.state)} ${unit.unit}${unit.url === undefined ? '' : `  ${style.cyan(unit.url)}`}`,
          );
    }
  }

  /** From here on each reason is told, once. */
  explain(): void {
    this.#isExplaining = true;
    for (const [unit, health] of this.#waiting) this.#tell(unit, health);
  }

  #tell(unit: string, { state, reason }: Health): void {
    const { err, style } = this.#shell;
    const isNeed = reason?.startsWith('waits for ') ?? false;
    const isCalm = state === 'starting' && !isNeed && !this.#isExplaining;
    const words = isNeed ? reason : isCalm || reason === undefined ? state : `${state}: ${reason}`;
    // Of a unit that is started again and again, each state is told once; its end tells how often.
    const key = `${unit} ${isNeed || this.#isExplaining ? words : state}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const sign = state === 'failed' ? style.red('✖') : style.yellow('◐');
    err(`  ${sign} ${unit}: ${plainText(words ?? state)}`);
  }
}

/** One step of a plan in words. */
export function describeStep(step: PlanStep): string {
  switch (step.kind) {
    case 'declare':
      return `declare ${step.application}${step.services.length === 0 ? '' : ` with ${step.services.join(', ')}`}`;
    case 'provision':
      return step.keys.length === 0 ? 'configure nothing' : `configure ${step.keys.join(', ')}`;
    case 'start': {
      const port = step.port === undefined ? '' : step.port === 'auto' ? ' on any free port' : ` on port ${step.port}`;
      return `start ${step.unit}${port}${step.needs.length === 0 ? '' : `, after ${step.needs.join(', ')}`}`;
    }
    case 'restart':
      return `restart ${step.unit}: ${step.reason}`;
    case 'stop':
      return `stop ${step.unit}: ${step.reason}`;
    case 'keep':
      return `keep ${step.unit}`;
  }
}
