/**
 * A stage is one check of the whole tree (types, lint, …) run as a program of its own. Stages are independent, so they
 * run side by side and all of them run, whatever fails: one round shows everything that is to be mended.
 */
import { runChild } from '../bootstrap/run-child.mjs';

export type Stage = {
  readonly name: string;
  /** The program and its arguments; found through PATH. */
  readonly command: readonly [string, ...string[]];
  /** What a person runs to see or mend what the stage complains about. */
  readonly remedy: string;
};

export type StageResult = { readonly stage: Stage; readonly isPassed: boolean; readonly durationMs: number };

/** The checks use both cores of a small machine when two run at once; more only wait for each other. */
const CONCURRENCY_MAX = 2;

/** Runs `stages` in order, two at a time, and prints each one's line, after its output when it failed, as it ends. */
export async function runStages(root: string, stages: readonly Stage[]): Promise<readonly StageResult[]> {
  const waiting = [...stages];
  const results: StageResult[] = [];
  const work = async (): Promise<void> => {
    for (let stage = waiting.shift(); stage !== undefined; stage = waiting.shift()) {
      results.push(await runStage(root, stage));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY_MAX }, work));
  return results;
}

/** One line a stage: what it is, how long it took, and what to do when it failed. */
export function formatStage({ stage, isPassed, durationMs }: StageResult): string {
  const seconds = `${(durationMs / 1_000).toFixed(1)} s`.padStart(8);
  return `${isPassed ? 'ok  ' : 'FAIL'}  ${stage.name.padEnd(14)}${seconds}${isPassed ? '' : `   ${stage.remedy}`}`;
}

async function runStage(root: string, stage: Stage): Promise<StageResult> {
  const [file, ...args] = stage.command;
  const startedAt = performance.now();
  const output: Buffer[] = [];
  const code = await runChild(file, args, { cwd: root, onOutput: (chunk) => output.push(chunk) });
  const result = { stage, isPassed: code === 0, durationMs: performance.now() - startedAt };
  if (!result.isPassed) process.stdout.write(`${Buffer.concat(output).toString('utf8').trimEnd()}\n`);
  process.stdout.write(`${formatStage(result)}\n`);
  return result;
}
