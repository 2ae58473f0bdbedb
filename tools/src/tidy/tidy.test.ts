import { expect, test } from 'vitest';
import { createTree } from './tree.ts';
import { tidyFaults } from './tidy.ts';

test('every check is asked', () => {
  const texts = {
    'package.json': '{}',
    'services/deploy/package.json': '{ "name": "@plumb/deploy", "exports": { ".": "./src/index.ts" } }',
    'services/deploy/src/index.ts': "import 'node:fs'; import 'left-pad'; const home = '/home/ada/x';",
    'lib/new/package.json': '{ "name": "@plumb/new", "dependencies": { "ws": "1" } }',
    'README.md': '[x](y.md)',
  };
  const faults = tidyFaults(createTree(new Map(Object.entries(texts))));
  const signs = [
    'no place',
    'in a browser',
    'does not declare',
    'nothing in',
    'is not true',
    'lock',
    'links',
    'machine',
  ];
  for (const sign of signs) expect(faults.filter((fault) => fault.includes(sign))).not.toHaveLength(0);
});
