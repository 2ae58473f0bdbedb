/** The one program behind the root's npm scripts; `tools/bootstrap.mjs` starts it with the pinned Node. */
import path from 'node:path';
import { bench } from './bench.ts';
import type { Command } from './command.ts';
import { dev } from './dev.ts';
import { docBlocks } from './doc-blocks.ts';
import { fix } from './fix.ts';
import { judge } from './judge.ts';
import { release } from './release.ts';
import { test, testSoak } from './test.ts';
import { tidy } from './tidy/tidy.ts';
import { verify } from './verify.ts';
import { web } from './web.ts';

const COMMANDS: readonly Command[] = [test, testSoak, dev, bench, judge, fix, verify, tidy, docBlocks, web, release];

const root = path.resolve(import.meta.dirname, '../..');
const [name, ...words] = process.argv.slice(2);
const command = COMMANDS.find((command) => command.name === name);
if (command === undefined) {
  const list = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)}  ${summary}`).join('\n');
  process.stderr.write(`usage: npm run tool -- NAME [words]\n${list}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await command.run(words, root);
}
