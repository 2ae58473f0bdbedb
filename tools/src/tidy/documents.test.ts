import { expect, test } from 'vitest';
import { documentFaults } from './documents.ts';
import { createTree } from './tree.ts';

const FILES = ['lib/kv/src/kv.ts', 'docs/guide/README.md', 'docs/plan.png'];

test('links and paths in documents name what exists', () => {
  const check = (file: string, text: string, expected: string[]): void =>
    expect(documentFaults(createTree(new Map([[file, text]]), FILES.flatMap(withFolders)))).toEqual(expected);

  check('README.md', 'see [the guide](docs/guide/README.md) and [a site](https://example.org)', []);
  check('README.md', 'see [the guide](docs/guid/README.md)', [
    'README.md: links to docs/guid/README.md, which does not exist: correct or remove it',
  ]);
  check('docs/a.md', 'see ![plan](plan.png "the plan"), [code](../lib/kv/)', []);
  check('README.md', '# The map\n\nsee [map](#the-map), [other](#other)', [
    'README.md: links to #other, but README.md has no such heading: correct it',
  ]);
  check('lib/kv/README.md', 'edit `src/kv.ts`, `lib/kv`, `src/NAME.ts`, `src/*.ts`, `apps/console/dist`', []);
  check('lib/kv/README.md', 'edit `src/engine.ts`', [
    'lib/kv/README.md: names `src/engine.ts`, which does not exist: correct it',
  ]);
  check('README.md', '```\n[x](y.md) `lib/gone`\n```', []);
  check('docs/decisions/0001-a.md', 'then `lib/gone` was there', []);
});

function withFolders(file: string): string[] {
  return file.split('/').map((_word, index, words) => words.slice(0, index + 1).join('/'));
}
