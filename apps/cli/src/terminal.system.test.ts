// Questions at a real terminal, which util-linux's `script` makes.
import { hasRequirement, openTemporaryDirectory, until } from '@plumb/testing';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = '/usr/bin/script';
const TERMINAL = fileURLToPath(new URL('terminal.ts', import.meta.url));

/** Asks for a secret, then whether to go on, and prints both answers. */
const PROGRAM = `
import { askPerson, createProgressLine } from ${JSON.stringify(TERMINAL)};
const signal = new AbortController().signal;
const progress = createProgressLine(process.stderr);
progress('half way');
progress(undefined);
const secret = await askPerson('Password: ', { isHidden: true, signal });
const answer = await askPerson('Go on? ', { signal });
console.log('answers ' + JSON.stringify([secret, answer]));
`;

type Terminal = AsyncDisposable & { readonly shown: () => string; readonly type: (text: string) => void };

async function openTerminal(file: string): Promise<Terminal> {
  const child: ChildProcess = spawn(SCRIPT, ['-qec', `${process.execPath} ${file}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const ended = once(child, 'exit');
  return {
    shown: () => shown,
    type: (text) => child.stdin?.write(text),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

if (hasRequirement('script', 'install util-linux (bsdutils on Debian)', existsSync(SCRIPT))) {
  test('a hidden answer is not shown, and Ctrl-C and Ctrl-D answer nothing', async () => {
    await using folder = await openTemporaryDirectory();
    const file = path.join(folder.path, 'ask.ts');
    await fs.writeFile(file, PROGRAM);
    const check = async (secret: string, answer: string, expected: string): Promise<void> => {
      await using terminal = await openTerminal(file);
      await until('the secret is asked for', () => terminal.shown().includes('Password: '));
      terminal.type(secret);
      await until('the rest is asked for', () => terminal.shown().includes('Go on? '));
      terminal.type(answer);
      await until('both are answered', () => terminal.shown().includes('answers '));
      const [before = '', after] = terminal.shown().split('answers ');
      expect(after?.trim()).toBe(expected);
      expect(before).toContain('half way');
      expect(before).not.toContain('hunter2');
    };
    await check('hunter2\r', 'y\r', '["hunter2","y"]');
    await check('hunter2\u0003', '\u0004', '["",""]');
  });
}
