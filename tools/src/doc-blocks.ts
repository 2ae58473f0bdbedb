import fs from 'node:fs';
import path from 'node:path';
import { runChild } from '../bootstrap/run-child.mjs';
import type { Command } from './command.ts';

/** Where the blocks are put to be checked: inside `node_modules`, so that they find the packages that they import. */
const FOLDER = 'node_modules/.cache/doc-blocks';

export type DocBlock = { readonly file: string; readonly text: string };

/** The examples of documents are code, and go wrong like code: each block marked `ts` or `tsx` is a module that must type-check. */
export const docBlocks: Command = {
  name: 'doc-blocks',
  summary: 'type-check the ts blocks of all documents',
  async run(_words, root) {
    const folder = path.join(root, FOLDER);
    fs.rmSync(folder, { recursive: true, force: true });
    for (const document of listDocuments(root)) {
      for (const { file, text } of blocksOf(document, fs.readFileSync(path.join(root, document), 'utf8'))) {
        fs.mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
        fs.writeFileSync(path.join(folder, file), text);
      }
    }
    const project = {
      extends: path.join(root, 'tsconfig.json'),
      compilerOptions: { types: ['node', 'vite/client'] },
      include: ['**/*', path.join(root, 'lib/*/src/*.d.ts')],
      exclude: [],
    };
    fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(project));
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    return runChild('tsc', ['-p', FOLDER, '--noEmit'], { cwd: root });
  },
};

/** Each block as a file beside its document's name, with as many lines before it, so that faults name the document's line. */
export function blocksOf(document: string, text: string): DocBlock[] {
  return [...text.matchAll(/^```(tsx?)(?: run)?\n(.*?)^```/gms)].map(
    ({ index: start, 1: kind, 2: code = '' }, index) => {
      const before = text.slice(0, start).split('\n').length;
      return { file: `${document}.${index + 1}.${kind}`, text: `${'\n'.repeat(before)}${code}export {};\n` };
    },
  );
}

export function listDocuments(root: string): string[] {
  return fs.globSync('**/*.md', { cwd: root, exclude: (name) => ['node_modules', '.git', 'dist'].includes(name) });
}
