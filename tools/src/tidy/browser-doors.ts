import { builtinModules } from 'node:module';
import path from 'node:path';
import { packageOf } from './imports.ts';
import type { Tree } from './tree.ts';

/**
 * A service's contract door is imported by web apps: whatever it reaches at run time, through any package of ours, may
 * not use Node. One fault a door, with the way to the import.
 */
export function browserDoorFaults(tree: Tree): string[] {
  const graph = Map.groupBy(tree.imports, ({ file }) => file);
  return tree.workspaces
    .filter(({ folder }) => folder.startsWith('services/'))
    .flatMap(({ folder, manifest }) => {
      const door = resolveDoor(folder, manifest.exports?.['.']);
      const way = door === undefined ? undefined : findNode(tree, graph, door);
      if (way === undefined) return [];
      const steps = way.join(' -> ');
      return [
        `${door}: a contract door must run in a browser, but ${steps}: use "import type", or move it to the server`,
      ];
    });
}

/** The way from `door` to the first use of a Node module, as a list of files that ends with that module. */
function findNode(tree: Tree, graph: ReadonlyMap<string, Tree['imports']>, door: string): string[] | undefined {
  const seen = new Set<string>([door]);
  const waiting: string[][] = [[door]];
  for (let way = waiting.shift(); way !== undefined; way = waiting.shift()) {
    const file = way.at(-1) ?? door;
    for (const { specifier, isTypeOnly } of graph.get(file) ?? []) {
      if (isTypeOnly) continue;
      if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return [...way, specifier];
      const target = resolve(tree, file, specifier);
      if (target === undefined || seen.has(target)) continue;
      seen.add(target);
      waiting.push([...way, target]);
    }
  }
  return undefined;
}

/** The file of ours that `specifier` names, or undefined where it is somebody else's. */
function resolve(tree: Tree, file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(file), specifier);
  const name = packageOf(specifier);
  const workspace = tree.workspaces.find(({ manifest }) => manifest.name === name);
  if (name === undefined || workspace === undefined) return undefined;
  return resolveDoor(workspace.folder, workspace.manifest.exports?.[`.${specifier.slice(name.length)}`]);
}

function resolveDoor(folder: string, target: string | undefined): string | undefined {
  return target === undefined ? undefined : path.posix.join(folder, target);
}
