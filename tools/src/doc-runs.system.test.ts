import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listDocuments } from './doc-blocks.ts';
import { runDocBlock, runsOf } from './doc-runs.ts';

const ROOT = path.join(import.meta.dirname, '../..');

const programs = listDocuments(ROOT).flatMap((document) =>
  runsOf(fs.readFileSync(path.join(ROOT, document), 'utf8')).map((run) => ({ document, ...run })),
);

test.each(programs)('$document:$line prints what the document shows', async ({ document, code, output }) => {
  const result = await runDocBlock(code, path.join(ROOT, path.dirname(document)));
  expect(result).toEqual({ code: 0, output, errors: '' });
});

test('documents have programs that are run', () => {
  const documents = programs.map(({ document }) => document);
  expect(documents).toEqual(expect.arrayContaining(['lib/rpc/README.md', 'lib/zmtp/README.md']));
});
