import { type Dependencies, type Manifest, type Tree } from './tree.ts';

/** What every workspace says about itself, so that none is published, licensed or run otherwise by accident. */
export function manifestFaults(tree: Tree): string[] {
  return tree.workspaces.flatMap(({ folder, manifest }) => {
    const file = `${folder}/package.json`;
    const wanted = { private: true, type: 'module', license: 'Apache-2.0', version: tree.root.version };
    const differing = Object.entries(wanted)
      .filter(([key, value]) => manifest[key as keyof Manifest] !== value)
      .map(([key, value]) => `${file}: "${key}" is not ${JSON.stringify(value)}: set it`);
    const doors = Object.values(manifest.exports ?? {})
      .filter((target) => !tree.paths.has(`${folder}/${target.replace('./', '')}`))
      .map((target) => `${file}: exports ${target}, which does not exist: write it or remove the door`);
    return [
      ...differing,
      ...doors,
      ...(manifest.scripts === undefined ? [] : [`${file}: has scripts: the root's package.json has them all`]),
      ...(tree.paths.has(`${folder}/README.md`) ? [] : [`${folder}: has no README.md: write one (CONTRIBUTING.md)`]),
    ];
  });
}

type LockedPackage = { readonly version?: string; readonly [key: string]: unknown };

/** The lock file says the same as the manifests, and both toolchain folders pin the same Node. */
export function lockFaults(tree: Tree): string[] {
  const lock = readLock(tree, 'package-lock.json');
  const faults = [{ folder: '', manifest: tree.root }, ...tree.workspaces].flatMap(({ folder, manifest }) =>
    (['dependencies', 'devDependencies', 'optionalDependencies'] as const)
      .filter((kind) => !isSame(manifest[kind], lock[folder]?.[kind] as Dependencies | undefined))
      .map((kind) => `${folder || '.'}/package.json: its ${kind} are not those of package-lock.json: run npm install`),
  );
  const runtime = readLock(tree, 'tools/runtime/package-lock.json');
  const differing = Object.entries(runtime)
    .filter(([path, { version }]) => path.startsWith('node_modules/node-') && lock[path]?.version !== version)
    .map(
      ([path]) =>
        `tools/runtime/package.json: pins another version of ${path.slice(13)} than the root: make them equal`,
    );
  return [...faults, ...differing];
}

function readLock(tree: Tree, file: string): Readonly<Record<string, LockedPackage>> {
  const text = tree.texts.get(file);
  return text === undefined ? {} : (JSON.parse(text) as { packages: Record<string, LockedPackage> }).packages;
}

function isSame(a: Dependencies = {}, b: Dependencies = {}): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}
