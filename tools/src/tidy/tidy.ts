import type { Command } from '../command.ts';
import { browserDoorFaults } from './browser-doors.ts';
import { undeclaredFaults, unusedFaults } from './dependencies.ts';
import { documentFaults } from './documents.ts';
import { layerFaults } from './layers.ts';
import { machinePathFaults } from './machine-paths.ts';
import { lockFaults, manifestFaults } from './manifests.ts';
import { readTree, type Tree } from './tree.ts';

const CHECKS: readonly ((tree: Tree) => string[])[] = [
  layerFaults,
  browserDoorFaults,
  undeclaredFaults,
  unusedFaults,
  manifestFaults,
  lockFaults,
  documentFaults,
  machinePathFaults,
];

/** One line a fault, with what to do instead; an empty list when the tree is tidy. */
export function tidyFaults(tree: Tree): string[] {
  return CHECKS.flatMap((check) => check(tree));
}

export const tidy: Command = {
  name: 'tidy',
  summary: 'layers, declared dependencies, manifests, links and paths in documents',
  async run(_words, root) {
    const faults = tidyFaults(readTree(root));
    for (const fault of faults) process.stdout.write(`${fault}\n`);
    return faults.length === 0 ? 0 : 1;
  },
};
