import { formatDuration, OperatingError } from '@plumb/base';
import type { DeployClient, Plan, PlanStep } from '@plumb/deploy';
import path from 'node:path';
import { type Command, type Flags, refuseMore, text } from '../command.ts';
import { describeStep, ProgressPrinter } from '../deploy-progress.ts';
import type { Shell } from '../shell.ts';
import { plainText, type Style } from '../style.ts';

type Source = {
  readonly directory: string;
  readonly manifest: string | undefined;
  readonly environment: string | undefined;
};

const SOURCE_FLAGS = {
  environment: {
    type: 'string',
    value: 'NAME',
    short: 'e',
    help: 'the overlay of plumb.yaml to use, such as production',
  },
  file: { type: 'string', value: 'FILE', help: 'another manifest than plumb.yaml in that folder' },
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

/** What starts is not answering yet, and need not be explained: after this time a person wonders. */
const CALM_MS = 3_000;

/** Deploys and prints the progress. @throws OperatingError as the service does. */
export async function runDeploy(client: DeployClient, source: Source, shell: Shell): Promise<void> {
  const startedAt = performance.now();
  const printer = new ProgressPrinter(shell);
  const explaining = shell.isJson ? undefined : setTimeout(() => printer.explain(), CALM_MS);
  try {
    for await (const event of client.deploy(source, { signal: shell.signal })) {
      if (shell.isJson) shell.json(event, { isLine: true });
      else printer.print(event);
    }
  } catch (error) {
    throw withLastLines(error);
  } finally {
    clearTimeout(explaining);
  }
  if (!shell.isJson) shell.err(shell.style.dim(`  done in ${formatDuration(performance.now() - startedAt)}`));
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

/** The last lines that the failing unit printed, under the message. */
function withLastLines(error: unknown): unknown {
  const lines = error instanceof OperatingError ? error.details?.['lastLines'] : undefined;
  if (!(error instanceof OperatingError) || !Array.isArray(lines) || lines.length === 0) return error;
  const shown = lines.map((line) => `  | ${plainText(String(line))}`).join('\n');
  return new OperatingError(error.code, `${error.message}\n${shown}`, { details: error.details });
}
