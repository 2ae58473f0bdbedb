/**
 * The blocks of documents that are marked `ts run`: programs that are executed as they stand, and print what the document
 * shows. That is the `text` block below the program, or, where there is none, what is behind `//` on the lines that call
 * `console.log`, in order.
 */
import { spawn } from 'node:child_process';

/** For one program, on two busy cores. */
const RUN_TIMEOUT_MS = 60_000;

export type DocRun = {
  readonly code: string;
  /** The line of the document that the code's first line is. */
  readonly line: number;
  /** What it prints, without the last line's end. */
  readonly output: string;
};

export type DocRunResult = { readonly code: number | null; readonly output: string; readonly errors: string };

export function runsOf(text: string): DocRun[] {
  const blocks = text.matchAll(/^```tsx? run\n(.*?)^```\n(?:\s*^```text\n(.*?)^```)?/gms);
  return [...blocks].map(({ index, 1: code = '', 2: shown }) => ({
    code,
    line: text.slice(0, index).split('\n').length + 1,
    output: (shown ?? shownBeside(code)).trimEnd(),
  }));
}

/** Runs a program as a file in `directory` would run, so that it finds the packages that are there. */
export function runDocBlock(code: string, directory: string): Promise<DocRunResult> {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', code], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_TIMEOUT_MS,
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ code: exitCode, output: output.trimEnd(), errors }));
  });
}

function shownBeside(code: string): string {
  const shown = code.split('\n').flatMap((line) => /console\.log\(.*\/\/ (.*)$/.exec(line)?.[1] ?? []);
  return shown.join('\n');
}
