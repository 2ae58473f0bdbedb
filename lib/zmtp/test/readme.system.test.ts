// Goal: what the README shows is what happens. Method: its blocks of code, run as they are.
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const folder = path.dirname(import.meta.dirname);

test('the examples of the README run and print what they say', async () => {
  const readme = await fs.readFile(path.join(folder, 'README.md'), 'utf8');
  const examples = [...readme.matchAll(/^```ts run\n(.*?)^```/gms)].map(([, code = '']) => code);
  const outputs: string[] = [];
  for (const code of examples) {
    const words = ['--input-type=module-typescript', '--eval', code];
    outputs.push((await promisify(execFile)(process.execPath, words, { cwd: folder })).stdout);
  }
  expect(outputs).toEqual(['hello from a DEALER\n', 'alice\n']);
});
