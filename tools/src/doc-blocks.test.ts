import { expect, test } from 'vitest';
import { blocksOf } from './doc-blocks.ts';

test('a block is a module of its own, at the lines that it has in its document', () => {
  const text = '# A\n```ts\nconst a = 1;\n```\nand\n```sh\nnpm test\n```\n```tsx\nconst b = <p />;\n```\n';
  expect(blocksOf('lib/a/README.md', text)).toEqual([
    { file: 'lib/a/README.md.1.ts', text: '\n\nconst a = 1;\nexport {};\n' },
    { file: 'lib/a/README.md.2.tsx', text: `${'\n'.repeat(9)}const b = <p />;\nexport {};\n` },
  ]);
});
