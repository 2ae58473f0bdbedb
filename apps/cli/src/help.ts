import type { Command } from './command.ts';
import type { Style } from './style.ts';

/** Flags that every command takes. */
const COMMON_FLAGS: readonly (readonly [string, string])[] = [
  ['--data DIR', 'the data directory (default: .plumb here or in a folder above, or $PLUMB_DATA)'],
  ['--json', 'print data as JSON'],
  ['-h, --help', 'show this'],
];

type Groups = readonly (readonly [title: string, names: readonly string[]])[];

/** Commands in the order of their use, under headings. */
const GROUPS: Groups = [
  ['Run', ['up', 'plan', 'deploy', 'restart', 'stop', 'remove']],
  ['Look', ['status', 'logs', 'services', 'resolve', 'query', 'alerts', 'journal']],
  ['Configure', ['config get', 'config set', 'config unset', 'config list', 'config history', 'config watch']],
  ['More', ['call', 'token create', 'token list', 'token revoke', 'token link', 'token keys', 'doctor']],
];

/** The headings of families that are too large for the overview; what is in none of them stands at the end. */
const FAMILIES: Readonly<Record<string, Groups>> = {
  config: [
    ['Values', ['config get', 'config set', 'config unset', 'config list', 'config history', 'config watch']],
    ['Change sets', ['config diff', 'config log', 'config rollback', 'config apply']],
    ['Understand', ['config explain', 'config compare', 'config convergence', 'config who-reads', 'config unused']],
    [
      'Guards',
      [
        'config schema get',
        'config schema set',
        'config schema remove',
        'config protect',
        'config unprotect',
        'config proposals',
        'config approve',
        'config reject',
      ],
    ],
    [
      'Rollouts',
      [
        'config rollout start',
        'config rollout list',
        'config rollout status',
        'config rollout widen',
        'config rollout revert',
      ],
    ],
    [
      'Secrets',
      [
        'config keys create',
        'config keys show',
        'config recipients',
        'config recipients add',
        'config recipients remove',
        'config who-can-read',
        'config rekey',
      ],
    ],
    ['Files', ['config import', 'config export', 'config render']],
  ],
};

export function formatOverview(commands: readonly Command[], style: Style): string {
  const shown = commands.filter(({ name }) => GROUPS.some(([, names]) => names.includes(name)));
  const width = widthOf(shown);
  const more = commands.length - shown.length;
  const groups = GROUPS.map(([title, names]) => {
    const lines = [style.bold(title), ...listCommands(names, shown, width, style)];
    const isConfig = names.includes('config get');
    const rest = `  ${style.cyan('config …')}${' '.repeat(width - 8)}Change sets, rollouts, secrets and files: "plumb config --help" lists ${more} more.`;
    return (isConfig && more > 0 ? [...lines, rest] : lines).join('\n');
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

/** What can stand after `prefix`. */
export function formatFamily(prefix: string, members: readonly Command[], style: Style): string {
  const width = widthOf(members);
  const groups = (FAMILIES[prefix] ?? []).map(([title, names]) => [
    style.bold(title),
    ...listCommands(names, members, width, style),
  ]);
  const grouped = new Set((FAMILIES[prefix] ?? []).flatMap(([, names]) => names));
  const others = members.map(({ name }) => name).filter((name) => !grouped.has(name));
  if (others.length > 0) groups.push(listCommands(others, members, width, style));
  return [
    `${style.bold('Usage')}  plumb ${prefix} COMMAND [WORDS] [--flags]`,
    ...groups.map((lines) => lines.join('\n')),
    style.dim(`plumb ${prefix} COMMAND --help shows flags and examples.`),
  ].join('\n\n');
}

function listCommands(names: readonly string[], commands: readonly Command[], width: number, style: Style): string[] {
  return names.flatMap((name) => {
    const command = commands.find((candidate) => candidate.name === name);
    return command === undefined ? [] : [`  ${style.cyan(name)}${' '.repeat(width - name.length)}${command.summary}`];
  });
}

function widthOf(commands: readonly Command[]): number {
  return Math.max(...commands.map(({ name }) => name.length)) + 2;
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
