import { formatDuration, OperatingError } from '@plumb/base';
import type { DeployClient, DeployProgress, Plan, PlanStep } from '@plumb/deploy';
import path from 'node:path';
import { type Command, type Flags, refuseMore, text } from '../command.ts';
import type { Shell } from '../shell.ts';
import { paintState, plainText, type Style } from '../style.ts';

type Source = {
  readonly directory: string;
  readonly manifest: string | undefined;
  readonly environment: string | undefined;
};

const SOURCE_FLAGS = {
  environment: { type: 'string', short: 'e', help: 'the overlay of plumb.yaml to use, such as production' },
  file: { type: 'string', help: 'another manifest than plumb.yaml in that folder' },
} as const;

function readSource(words: readonly string[], flags: Flags, { directory }: Shell): Source {
  refuseMore(words, 1);
  return {
    directory: path.resolve(directory, words[0] ?? '.'),
    manifest: text(flags, 'file'),
    environment: text(flags, 'environment'),
  };
}

export const plan: Command = {
  name: 'plan',
  summary: 'Show what a deploy would do, and do nothing.',
  usage: '[FOLDER]',
  examples: ['plumb plan', 'plumb plan examples/tipjar --json', 'plumb plan -e production'],
  flags: SOURCE_FLAGS,
  async run(words, flags, shell) {
    const source = readSource(words, flags, shell);
    const result = await (await shell.connect()).deploy.plan(source);
    if (shell.isJson) shell.json(result);
    else printPlan(result, shell);
    return 0;
  },
};

export const deploy: Command = {
  name: 'deploy',
  summary: 'Bring what runs in line with plumb.yaml, and wait until it is ready.',
  usage: '[FOLDER]',
  examples: [
    'plumb deploy',
    'plumb deploy examples/tipjar',
    'plumb deploy -e production --json   # one document a line',
  ],
  flags: SOURCE_FLAGS,
  async run(words, flags, shell) {
    const source = readSource(words, flags, shell);
    await runDeploy((await shell.connect()).deploy, source, shell);
    return 0;
  },
};

/** Deploys and prints the progress. @throws OperatingError as the service does. */
export async function runDeploy(client: DeployClient, source: Source, shell: Shell): Promise<void> {
  const startedAt = performance.now();
  const printer = new ProgressPrinter(shell);
  try {
    for await (const event of client.deploy(source, { signal: shell.signal })) {
      if (shell.isJson) shell.json(event, { isLine: true });
      else printer.print(event);
    }
  } catch (error) {
    throw withLastLines(error);
  }
  if (!shell.isJson) shell.err(shell.style.dim(`  done in ${formatDuration(performance.now() - startedAt)}`));
}

class ProgressPrinter {
  readonly #shell: Shell;
  #steps: readonly PlanStep[] = [];
  #waiting = '';

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  print(event: DeployProgress): void {
    const { err, out, style } = this.#shell;
    switch (event.kind) {
      case 'plan':
        this.#steps = event.plan.steps;
        err(
          `${style.bold(event.plan.application)} ${style.dim(`release ${event.plan.release}, ${event.plan.environment}`)}`,
        );
        return;
      case 'step': {
        const step = this.#steps[event.index];
        if (event.state === 'done' && step !== undefined && step.kind !== 'keep')
          err(`  ${style.green('✓')} ${describeStep(step)}`);
        return;
      }
      case 'waiting': {
        const line = `  ${style.yellow('◐')} ${event.unit}: ${plainText(event.health.reason ?? event.health.state)}`;
        if (line !== this.#waiting) err(line);
        this.#waiting = line;
        return;
      }
      case 'done':
        for (const unit of event.status.units)
          out(
            `  ${paintState(style, unit.health.state)} ${unit.unit}${unit.url === undefined ? '' : `  ${style.cyan(unit.url)}`}`,
          );
    }
  }
}

function printPlan(
  { application, environment, target, release, previousRelease, steps }: Plan,
  { out, style }: Shell,
): void {
  const from =
    previousRelease === undefined ? '' : ` (${previousRelease === release ? 'as now' : `now ${previousRelease}`})`;
  out(`${style.bold(application)} to ${target}, ${environment}, release ${release}${style.dim(from)}`);
  for (const step of steps) {
    const command = step.kind === 'start' ? style.dim(`: ${step.command.join(' ')}`) : '';
    out(`  ${sign(step, style)} ${describeStep(step)}${command}`);
  }
  if (steps.every(({ kind }) => kind === 'keep' || kind === 'declare' || kind === 'provision'))
    out(style.dim('  nothing has to be started or stopped'));
}

function sign({ kind }: PlanStep, style: Style): string {
  switch (kind) {
    case 'start':
      return style.green('+');
    case 'restart':
      return style.yellow('~');
    case 'stop':
      return style.red('-');
    case 'keep':
    case 'declare':
    case 'provision':
      return style.dim('=');
  }
}

function describeStep(step: PlanStep): string {
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

/** The last lines that the failing unit printed, under the message. */
function withLastLines(error: unknown): unknown {
  const lines = error instanceof OperatingError ? error.details?.['lastLines'] : undefined;
  if (!(error instanceof OperatingError) || !Array.isArray(lines) || lines.length === 0) return error;
  const shown = lines.map((line) => `  | ${plainText(String(line))}`).join('\n');
  return new OperatingError(error.code, `${error.message}\n${shown}`, { details: error.details });
}
