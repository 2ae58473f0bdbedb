/** From words to a command and its exit code. Pure but for what the shell does. */
import { describeError, nearestWord, OperatingError } from '@plumb/base';
import { parseArgs } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import { type Command, type ExitCode, type Flags, UsageError } from './command.ts';
import { faultLines, headlineOf } from './fault-lines.ts';
import { formatFamily, formatHelp, formatOverview } from './help.ts';
import type { Shell } from './shell.ts';
import type { Style } from './style.ts';

export type GlobalFlags = { readonly data: string | undefined; readonly json: boolean };

/** Finds the command of `argv`, reads its flags, and runs it. Never throws. */
export async function runCommand(
  argv: readonly string[],
  commands: readonly Command[],
  openShell: (flags: GlobalFlags) => Promise<Shell>,
): Promise<ExitCode> {
  // What goes wrong before the flags are read is told to a person.
  let shell = await openShell({ data: undefined, json: argv.includes('--json') });
  try {
    if (argv[0] === '--version' || argv[0] === '-v') {
      shell.out(`plumb ${manifest.version}, Node.js ${process.versions.node}`);
      return 0;
    }
    // `help status` as people write it elsewhere.
    const named = argv[0] === 'help' ? argv.slice(1) : argv;
    const command = findCommand(named, commands);
    if (command !== undefined && named !== argv) {
      shell.out(formatHelp(command, shell.style));
      return 0;
    }
    if (command === undefined) {
      const isHelp = named.length === 0 || named.includes('--help') || named.includes('-h') || named !== argv;
      if (!isHelp) throw new UsageError(unknownCommand(named, commands));
      shell.out(helpOf(named, commands, shell.style));
      return argv.length === 0 ? 2 : 0;
    }
    const { words, flags } = readFlags(argv.slice(command.name.split(' ').length), command);
    if (flags['help'] === true) {
      shell.out(formatHelp(command, shell.style));
      return 0;
    }
    const data = flags['data'];
    shell = await openShell({ data: typeof data === 'string' ? data : undefined, json: flags['json'] === true });
    try {
      return await command.run(words, flags, shell);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      shell.err(`${shell.style.red('✖')} ${error.message}`);
      shell.err(`usage: plumb ${command.name} ${command.usage}`.trimEnd());
      return 2;
    }
  } catch (error) {
    return explain(error, shell);
  }
}

function explain(error: unknown, { err, json, isJson, style, signal }: Shell): ExitCode {
  if (signal.aborted) return 0; // Ctrl-C ends what a person watches; that is not a failure.
  if (isJson && error instanceof OperatingError) json({ error: error.toJSON() }, { isLine: true });
  err(
    `${style.red('✖')} ${error instanceof OperatingError || error instanceof UsageError ? headlineOf(error) : `plumb failed: ${describeError(error)}`}`,
  );
  for (const line of faultLines(error)) err(`  ${line}`);
  return error instanceof UsageError ? 2 : 1;
}

/** For words that are no command by themselves. @throws UsageError for words that none begins with. */
function helpOf(argv: readonly string[], commands: readonly Command[], style: Style): string {
  if (argv.every((word) => word.startsWith('-'))) return formatOverview(commands, style);
  const family = findFamily(argv, commands);
  if (family === undefined) throw new UsageError(unknownCommand(argv, commands));
  return formatFamily(family.prefix, family.members, style);
}

/** The command with the most words of those that `argv` begins with. */
function findCommand(argv: readonly string[], commands: readonly Command[]): Command | undefined {
  const found = [3, 2, 1].map((count) => {
    const name = argv.slice(0, count).join(' ');
    return argv.length < count ? undefined : commands.find((command) => command.name === name);
  });
  return found.find((command) => command !== undefined);
}

/** The commands that go on after the words of `argv`, and the words that they have in common; undefined for none. */
function findFamily(
  argv: readonly string[],
  commands: readonly Command[],
): { readonly prefix: string; readonly members: readonly Command[] } | undefined {
  const words = argv.filter((word) => !word.startsWith('-'));
  for (const count of [2, 1]) {
    const prefix = words.slice(0, count).join(' ');
    const members = commands.filter(({ name }) => name.startsWith(`${prefix} `));
    if (words.length >= count && members.length > 0) return { prefix, members };
  }
  return undefined;
}

function unknownCommand(argv: readonly string[], commands: readonly Command[]): string {
  if (argv[0]?.startsWith('-') === true)
    return 'a command comes before its flags, as in "plumb status --json": "plumb --help" lists all of them';
  const words = argv.filter((word) => !word.startsWith('-'));
  const family = findFamily(argv, commands);
  if (family === undefined) {
    const first = words[0] ?? '';
    const near = nearestWord(first, [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? name))]);
    return `there is no command "${first}"${near === undefined ? ':' : `: did you mean "${near}"?`} "plumb --help" lists all of them`;
  }
  const { prefix, members } = family;
  const nexts = [...new Set(members.map(({ name }) => name.slice(prefix.length + 1).split(' ')[0] ?? name))];
  const given = words[prefix.split(' ').length];
  if (given === undefined) return `"plumb ${prefix}" needs one of: ${nexts.join(', ')}`;
  const near = nearestWord(given, nexts);
  const hint = near === undefined ? `use one of ${nexts.join(', ')}` : `did you mean "${near}"?`;
  return `"plumb ${prefix}" knows no "${given}": ${hint}`;
}

function readFlags(argv: readonly string[], command: Command): { words: string[]; flags: Flags } {
  const own = Object.entries(command.flags).map(
    ([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }] as const,
  );
  const options = {
    ...Object.fromEntries(own),
    data: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    // A number below zero is a word, though it begins like a flag. No argument of a process holds NUL.
    const args = argv.map((word) => (/^-\.?\d/.test(word) ? `\0${word}` : word));
    const { positionals, values } = parseArgs({ args, options, allowPositionals: true, strict: true });
    const flags = Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? plain(value) : value,
    ]);
    return { words: positionals.map(plain), flags: Object.fromEntries(flags) as Flags };
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (!String(code).startsWith('ERR_PARSE_ARGS')) throw error;
    const [, given = ''] = /'(--?[\w-]+)/.exec(message) ?? [];
    const near = nearestWord(given.replace(/^-+/, ''), Object.keys(options));
    const isUnknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION';
    throw new UsageError(
      isUnknown
        ? `"plumb ${command.name}" has no flag ${given}: ${near === undefined ? `see "plumb ${command.name} --help"` : `did you mean --${near}?`}`
        : `${message.split('\n')[0]}`,
    );
  }
}

function plain(word: string): string {
  return word.replace('\0', '');
}
