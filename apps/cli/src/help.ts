import type { Command } from './command.ts';
import type { Style } from './style.ts';

/** Flags that every command takes. */
const COMMON_FLAGS: readonly (readonly [string, string])[] = [
  ['--data DIR', 'the data directory (default: .plumb here or in a folder above, or $PLUMB_DATA)'],
  ['--json', 'print data as JSON'],
  ['-h, --help', 'show this'],
];

/** Commands in the order of their use, under headings. */
const GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ['Run', ['up', 'plan', 'deploy', 'restart', 'stop', 'remove']],
  ['Look', ['status', 'logs', 'services', 'resolve', 'query', 'alerts', 'journal']],
  ['Configure', ['config get', 'config set', 'config unset', 'config list', 'config history', 'config watch']],
  ['More', ['call', 'token create', 'token list', 'token revoke', 'token link', 'token keys', 'doctor']],
];

export function formatOverview(commands: readonly Command[], style: Style): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const groups = GROUPS.map(([title, names]) => {
    const lines = names.flatMap((name) => {
      const command = commands.find((candidate) => candidate.name === name);
      return command === undefined ? [] : [`  ${style.cyan(name)}${' '.repeat(width - name.length)}${command.summary}`];
    });
    return [style.bold(title), ...lines].join('\n');
  });
  return [
    'Describe an application once; Plumb runs it, finds it, configures it, watches it, heals it and tells you about it.',
    '',
    `${style.bold('Usage')}  plumb COMMAND [WORDS] [--flags]`,
    '',
    groups.join('\n\n'),
    '',
    style.dim('plumb COMMAND --help shows flags and examples. Exit codes: 0 done, 1 could not, 2 wrong use.'),
  ].join('\n');
}

export function formatHelp(command: Command, style: Style): string {
  const own = Object.entries(command.flags).map(([name, { type, help, short, value = 'VALUE' }]) => {
    const long = `--${name}${type === 'string' ? ` ${value}` : ''}`;
    return [short === undefined ? long : `-${short}, ${long}`, help] as const;
  });
  const flags = [...own, ...COMMON_FLAGS];
  const width = Math.max(...flags.map(([flag]) => flag.length)) + 2;
  return [
    command.summary,
    ...(command.details === undefined ? [] : ['', command.details]),
    '',
    `${style.bold('Usage')}  plumb ${command.name}${command.usage === '' ? '' : ` ${command.usage}`} [--flags]`,
    '',
    style.bold('Flags'),
    ...flags.map(([flag, help]) => `  ${flag}${' '.repeat(width - flag.length)}${help}`),
    '',
    style.bold('Examples'),
    ...command.examples.map((example) => `  ${example}`),
  ].join('\n');
}
