// The reference of configuration is made of the code: commands as they print their help, methods as they check their input.
import { configContract } from '@plumb/config-store';
import { describeService, formatType, type MethodDescription } from '@plumb/rpc';
import { expect, test } from 'vitest';
import type { Command } from './command.ts';
import { commands } from './commands/index.ts';

const HEAD = `# Reference: configuration

Made of the code: \`vitest run apps/cli/src/reference.test.ts -u\` writes it anew. How to use all of it is in the guide,
[Configuration in ten minutes](../guide/configuration.md).`;

test('the reference says what the code does', async () => {
  const methods = await describeService('config', configContract);
  const page = [
    HEAD,
    '## Commands',
    ...commands.filter(({ name }) => name.startsWith('config ')).map(formatCommand),
    '## Methods',
    'For programs: `POST /api/METHOD` with the input as JSON, or the same over RPC. What a caller must hold is in parentheses.',
    ...methods.toSorted((a, b) => (a.method < b.method ? -1 : 1)).map(formatMethod),
  ];
  await expect(`${page.join('\n\n')}\n`).toMatchFileSnapshot('../../../docs/reference/configuration.md');
});

function formatCommand({ name, usage, summary, details, flags, examples }: Command): string {
  const rows = Object.entries(flags).map(([flag, { value, help }]) => {
    const shown = value === undefined ? `--${flag}` : `--${flag} ${value}`;
    return `| \`${escapePipes(shown)}\` | ${escapePipes(help)} |`;
  });
  return [
    `### plumb ${name}`,
    `\`plumb ${[name, usage].join(' ').trim()}\`: ${summary}${details === undefined ? '' : ` ${details}`}`,
    ...(rows.length === 0 ? [] : [['| flag | what it does |', '| --- | --- |', ...rows].join('\n')]),
    `\`\`\`\n${examples.join('\n')}\n\`\`\``,
  ].join('\n\n');
}

function formatMethod({
  method,
  kind,
  scope = 'any caller',
  summary = '',
  input = {},
  output = {},
}: MethodDescription): string {
  const answer = kind === 'stream' ? `stream of ${formatType(output)}` : formatType(output);
  return `### ${method}\n\n${summary} (${scope})\n\n\`\`\`text\n${formatType(input)}\n→ ${answer}\n\`\`\``;
}

function escapePipes(text: string): string {
  return text.replaceAll('|', String.raw`\|`);
}
