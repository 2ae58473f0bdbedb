import { openTemporaryDirectory } from '@plumb/testing';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { prepareStateFile } from './state-file.ts';

test('a whole file is kept and copied, a torn one is set aside for the copy, and an absent one begins anew', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'state.json');
  const write = (text: string): void => fs.writeFileSync(file, text);
  const read = (name = ''): string => fs.readFileSync(`${file}${name}`, 'utf8');

  expect(prepareStateFile(file)).toBe('absent');
  write('{"block":1');
  expect(prepareStateFile(file)).toBe('set-aside');
  expect(fs.existsSync(file)).toBe(false);
  expect(read('.torn')).toBe('{"block":1');

  write('{"block":2}');
  expect(prepareStateFile(file)).toBe('whole');
  write('');
  expect(prepareStateFile(file)).toBe('restored');
  expect([read(), read('.torn')]).toEqual(['{"block":2}', '']);

  // Deleted by a person: the old chain does not come back.
  fs.rmSync(file);
  expect(prepareStateFile(file)).toBe('absent');
  write('{');
  expect(prepareStateFile(file)).toBe('set-aside');
  expect(fs.existsSync(file)).toBe(false);
});
