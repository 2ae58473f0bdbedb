import type { Command } from './command.ts';
import { runStages, type Stage } from './stage.ts';

/** Everything about the tree that can be checked without running it. */
export const CHECKS: readonly Stage[] = [
  { name: 'types', command: ['tsc', '-p', '.', '--noEmit'], remedy: 'see: npx tsc -p . --noEmit' },
  {
    name: 'types, console',
    command: ['tsc', '-p', 'apps/console', '--noEmit'],
    remedy: 'see: npx tsc -p apps/console --noEmit',
  },
  { name: 'lint', command: ['oxlint', '--type-aware'], remedy: 'mend: npm run fix, then what it leaves by hand' },
  { name: 'format', command: ['oxfmt', '--check'], remedy: 'mend: npm run fix' },
  {
    name: 'types, docs',
    command: ['node', 'tools/src/main.ts', 'doc-blocks'],
    remedy: 'mend the block of the document that each line names',
  },
  { name: 'tidy', command: ['node', 'tools/src/main.ts', 'tidy'], remedy: 'mend what each line says' },
];

export const verify: Command = {
  name: 'verify',
  summary: 'types, lint, format and tidy, without running anything',
  async run(_words, root) {
    const results = await runStages(root, CHECKS);
    return results.every(({ isPassed }) => isPassed) ? 0 : 1;
  },
};
