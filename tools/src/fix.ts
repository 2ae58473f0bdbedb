import { runChild } from '../bootstrap/run-child.mjs';
import type { Command } from './command.ts';

export const fix: Command = {
  name: 'fix',
  summary: 'format everything, and mend what the linter can mend by itself',
  async run(_words, root) {
    const lintCode = await runChild('oxlint', ['--type-aware', '--fix'], { cwd: root });
    const formatCode = await runChild('oxfmt', [], { cwd: root });
    return lintCode === 0 && formatCode === 0 ? 0 : 1;
  },
};
