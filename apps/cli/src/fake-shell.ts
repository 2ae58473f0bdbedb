/** A shell for tests: it keeps what was printed, and touches nothing. */
import { OperatingError } from '@plumb/base';
import type { Clients } from '@plumb/plumbd/clients';
import type { Command } from './command.ts';
import { runCommand } from './run.ts';
import type { Shell } from './shell.ts';
import { createStyle } from './style.ts';

export type FakeShellOptions = {
  readonly clients?: Partial<Clients>;
  readonly now?: () => number;
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly isTerminal?: boolean;
  /** What the person types, in turn. */
  readonly answers?: readonly string[];
  readonly signal?: AbortSignal;
  readonly sleep?: (delayMs: number) => Promise<void>;
  /** Told of each line as it is printed, for commands that go on. */
  readonly onLine?: (line: string) => void;
};

/** Lines of trouble start with `err: `; the last line is the exit code. */
export async function runInFakeShell(
  argv: readonly string[],
  commands: readonly Command[],
  options: FakeShellOptions = {},
): Promise<string> {
  const { clients, answers, now = () => 0, directory = '/', env = {}, input = '', isTerminal = false } = options;
  const lines: string[] = [];
  const print = (line: string): void => {
    lines.push(line);
    options.onLine?.(line);
  };
  const left = answers?.slice();
  const connect = async (): Promise<Clients> => {
    if (clients === undefined)
      throw new OperatingError('unavailable', 'no plumbd runs here: start one with "plumb up"');
    return clients as Clients;
  };
  const code = await runCommand(argv, commands, async ({ json: isJson }) => {
    const shell: Shell = {
      out: print,
      err: (line) => print(`err: ${line}`),
      json: (value) => print(JSON.stringify(value)),
      isJson,
      isTerminal,
      style: createStyle(false),
      now,
      directory,
      dataDirectory: '/nowhere',
      env,
      signal: options.signal ?? new AbortController().signal,
      connect,
      dial: () => Promise.reject(new OperatingError('unavailable', 'nothing is there')),
      readInput: async () => input,
      ask: async (question) => {
        if (left === undefined) return undefined;
        print(`asked: ${question.trim()}`);
        return left.shift();
      },
      progress: () => undefined,
      sleep: options.sleep ?? (async () => undefined),
    };
    return shell;
  });
  return [...lines, `exit ${code}`].join('\n');
}
