import { OperatingError } from '@plumb/base';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { Command } from './command.ts';
import { commands } from './commands/index.ts';
import { sparkline } from './commands/query.ts';
import { runCommand } from './run.ts';
import type { Shell } from './shell.ts';
import { createStyle, formatTable, plainText } from './style.ts';

type Printed = { readonly code: number; readonly out: string; readonly err: string };

/** Runs `argv` against commands that touch nothing. */
async function run(argv: readonly string[], list: readonly Command[] = commands, isAborted = false): Promise<Printed> {
  const [out, err]: [string[], string[]] = [[], []];
  const stop = new AbortController();
  if (isAborted) stop.abort();
  const code = await runCommand(argv, list, async ({ json: isJson }) => {
    const shell: Shell = {
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      json: (value) => out.push(JSON.stringify(value)),
      isJson,
      isTerminal: false,
      style: createStyle(false),
      now: () => 0,
      directory: '/',
      dataDirectory: '/nowhere',
      env: {},
      signal: stop.signal,
      connect: () =>
        Promise.reject(new OperatingError('unavailable', 'no plumbd runs here: start one with "plumb up"')),
      dial: () => Promise.reject(new OperatingError('unavailable', 'nothing is there')),
      readInput: async () => '',
      ask: async () => undefined,
      progress: () => undefined,
      sleep: async () => undefined,
    };
    return shell;
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('every command is under a heading of the overview or of its family, and shows an example of itself', async () => {
  const [overview, family] = [await run(['--help']), await run(['config', '--help'])];
  expect([overview.code, family.code]).toEqual([0, 0]);
  for (const { name } of commands) {
    expect(name.startsWith('config ') ? family.out : overview.out).toContain(`  ${name} `);
    const help = await run([...name.split(' '), '--help']);
    expect(help.code).toBe(0);
    expect(help.out).toContain(`plumb ${name}`);
    expect(help.out).toContain('--json');
  }
});

test('the version names the Node that it runs on', async () => {
  expect((await run(['--version'])).out).toMatch(/^plumb \d+\.\d+\.\d+, Node\.js \d+\./);
});

test('the overview', async () => {
  expect((await run([])).code).toBe(2);
  expect((await run([])).out).toMatchInlineSnapshot(`
    "Describe an application once; Plumb runs it, finds it, configures it, watches it, heals it and tells you about it.

    Usage  plumb COMMAND [WORDS] [--flags]

    Run
      up              Start Plumb here, in the foreground; Ctrl-C stops it and all it started.
      plan            Show what a deploy would do, and do nothing.
      deploy          Bring what runs in line with plumb.yaml, and wait until it is ready.
      restart         Stop a unit gracefully and start it again; also after a crash loop.
      stop            Stop a unit until it is restarted or deployed again.
      remove          Stop an application and take it out of the dictionary. Its configuration and history stay.

    Look
      status          Show what runs, how it is, and what is wrong.
      logs            Print what an application, or one of its units, writes.
      services        List the services of the dictionary, who uses one, and what differs from what is declared.
      resolve         Print where a service can be reached now.
      query           Ask the metrics with PromQL.
      alerts          Show open incidents and what is about to become one.
      journal         Show what Plumb did by itself: one quiet line each.

    Configure
      config get      Print one configuration value.
      config set      Set one configuration value; every subscribed process gets it at once.
      config unset    Take a set value back, so that the one below it is in force again.
      config list     Show the values in force, and where each comes from.
      config history  Show who changed a value, when, and why.
      config watch    Print the values in force, then every change as it happens.
      config …        Change sets, rollouts, secrets and files: "plumb config --help" lists 32 more.

    More
      call            Call any method of any service, or show what can be called.
      token create    Make a token for a program. It is shown once.
      token list      List tokens, what they may do, and when they were last used.
      token revoke    End a token at once.
      token link      Print a link that signs one browser in to the console, once.
      token keys      Make a key pair for a program that calls Plumb from elsewhere. Needs no plumbd.
      doctor          Check this machine and this plumbd, and say how to mend what is wrong.

    plumb COMMAND --help shows flags and examples. Exit codes: 0 done, 1 could not, 2 wrong use."
  `);
});

test('wrong use exits with 2 and says what was meant', async () => {
  const check = async (argv: string[], message: string): Promise<void> => {
    const { code, err } = await run(argv);
    expect(err).toContain(message);
    expect(code).toBe(2);
  };
  await check(['stauts'], 'did you mean "status"?');
  await check(['config'], '"plumb config" needs one of: get, set, unset, list, history, watch');
  await check(['config', 'put'], 'use one of get, set');
  await check(['status', '--jsno'], 'did you mean --json?');
  await check(['status', '--zzzzzz'], 'has no flag --zzzzzz: see "plumb status --help"');
  await check(['--json', 'status'], 'a command comes before its flags');
  await check(['config', '--json'], '"plumb config" needs one of');
  await check(['query', 'up', '--since', '5'], '--since: "5" is not a duration');
  await check(
    ['token', 'create', 'ci', 'deploi:read'],
    'no service asks for the scope "deploi:read": did you mean "deploy:read"?',
  );
  await check(['token', 'create', 'ci', 'deploy'], 'no service asks for the scope "deploy"');
  await check(['token', 'create', 'ci', 'consul-vk:read:app/'], 'did you mean "consul-kv:read"?');
  await check(['logs', 'tipjar/web/1'], 'write APPLICATION/UNIT');
  await check(['config', 'set', 'title', '1'], 'write APPLICATION.KEY');
  await check(['config', 'set', 'tipjar.title'], 'VALUE is missing');
  await check(['config', 'set', 'tipjar.title', 'Coffee', 'fund'], 'put quotes around');
  await check(['config', 'set', 'tipjar.title', '1', '--if-revision', 'x'], '--if-revision takes a whole number');
  await check(['up', '--http', '99999'], '--http takes a port');
  await check(['call', 'a.b', '{'], 'not JSON');
  await check(['restart', 'tipjar'], 'write APPLICATION/UNIT');
});

test('the overview of configuration, and of what can follow two words', async () => {
  const { out } = await run(['config', '--help']);
  for (const heading of ['Values', 'Change sets', 'Understand', 'Guards', 'Rollouts', 'Secrets', 'Files']) {
    expect(out.split('\n')).toContain(heading);
  }
  expect(await run(['help', 'config'])).toEqual({ code: 0, out, err: '' });
  expect((await run(['config', 'rollout', '--help'])).out).toContain('config rollout start');
  const check = async (argv: string[], message: string): Promise<void> =>
    expect(await run(argv)).toMatchObject({ code: 2, err: expect.stringContaining(message) as string });
  await check(['config', 'rollout'], '"plumb config rollout" needs one of: start, list, status, widen, revert');
  await check(['config', 'rollout', 'strat'], '"plumb config rollout" knows no "strat": did you mean "start"?');
  await check(['config', 'recipient'], 'did you mean "recipients"?');
  await check(['config', 'keys', 'create', 'x'], '"x" is one word too many');
});

test('help is found however it is asked for', async () => {
  for (const words of [['-h'], ['--help'], ['help']]) expect((await run(words)).out).toContain('plumb COMMAND');
  const { out } = await run(['config', 'set', '--help']);
  for (const words of [
    ['help', 'config', 'set'],
    ['config', 'set', '-h'],
  ])
    expect(await run(words)).toEqual({ code: 0, out, err: '' });
  expect((await run(['help', 'stauts'])).err).toContain('did you mean "status"?');
});

test('a number below zero is a value', async () => {
  const { code, err } = await run(['config', 'set', 'tipjar.min-tip', '-0.5']);
  expect(code).toBe(1);
  expect(err).toContain('no plumbd runs here');
});

test('what could not be done exits with 1, as text for people and as data with --json', async () => {
  expect(await run(['status'])).toEqual({ code: 1, out: '', err: '✖ no plumbd runs here: start one with "plumb up"' });
  const { code, out } = await run(['status', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'unavailable' } });
});

test('Ctrl-C ends a command without an error', async () => {
  expect(await run(['status'], commands, true)).toEqual({ code: 0, out: '', err: '' });
});

test('tables line up by what is seen, and text of programs cannot move the cursor', () => {
  const style = createStyle(true);
  const table = formatTable(
    ['A', 'B'],
    [
      [style.green('● ok'), 'x'],
      ['longer', 'y'],
    ],
    createStyle(false),
  );
  expect(table.split('\n').map((line) => stripVTControlCharacters(line))).toEqual([
    'A       B',
    '● ok    x',
    'longer  y',
  ]);
  expect(plainText('a\u001B[2Jb\u0007c\td')).toBe('ab\uFFFDc\td');
});

test('a sparkline spans its own least and greatest value', () => {
  expect(sparkline([0, 1, 2, 7])).toBe('▁▂▃█');
  expect(sparkline([5, 5])).toBe('▁▁');
});
