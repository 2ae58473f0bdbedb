import { expect, test } from 'vitest';
import { machinePathFaults } from './machine-paths.ts';
import { createTree } from './tree.ts';

test('a path of one machine is a fault; system paths, routes and URLs are not', () => {
  const check = (text: string, expected: string[]): void =>
    expect(machinePathFaults(createTree(new Map([['lib/kv/README.md', text]])))).toEqual(expected);
  check('stored in /home/ada/plumb/data', [
    'lib/kv/README.md: names /home/ada/plumb/data, a path of one machine: make it relative, or pass it in',
  ]);
  check('/usr/bin/chromium, https://example.org/home/page, services/work/a, ~/work/a, /proc/stat', []);
});
