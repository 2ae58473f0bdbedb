import { builtinModules } from 'node:module';
import { packageOf } from './imports.ts';
import { isDevelopmentFile, type Tree, type Workspace, workspaceOf } from './tree.ts';

/**
 * Every import is declared where it is used: without a strict `node_modules`, an undeclared one works until a person
 * installs the package elsewhere. Tests may use what the root declares for development, and every workspace.
 */
export function undeclaredFaults(tree: Tree): string[] {
  const names = new Set(tree.workspaces.map(({ manifest }) => manifest.name));
  const faults = tree.imports.flatMap(({ file, specifier }) => {
    const name = packageOf(specifier);
    if (name === undefined || builtinModules.includes(name)) return [];
    const workspace = workspaceOf(tree, file);
    const isFree = isDevelopmentFile(file) && (names.has(name) || isDeclared(tree.root, name));
    const manifest = workspace?.manifest ?? tree.root;
    if (isFree || name === manifest.name || isDeclared(manifest, name)) return [];
    const where = workspace === undefined ? 'package.json' : `${workspace.folder}/package.json`;
    return [`${file}: imports ${name}, which ${where} does not declare: add it there, then run npm install`];
  });
  return [...new Set(faults)];
}

/** A dependency that nothing in its workspace names is only weight. */
export function unusedFaults(tree: Tree): string[] {
  return tree.workspaces.flatMap((workspace) => {
    const { folder, manifest } = workspace;
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    const texts = [...tree.texts].filter(
      ([file]) => file.startsWith(`${folder}/`) && file !== `${folder}/package.json`,
    );
    return declared
      .filter((name) => !name.startsWith('@types/') && !isNamed(tree, workspace, name, texts))
      .map((name) => `${folder}/package.json: declares ${name}, which nothing in ${folder} uses: remove it`);
  });
}

/** Imported, or named in a file that is not prose: a program that is started is found by its package's name. */
function isNamed(
  tree: Tree,
  { folder }: Workspace,
  name: string,
  texts: readonly (readonly [string, string])[],
): boolean {
  const isImported = tree.imports.some(
    ({ file, specifier }) => file.startsWith(`${folder}/`) && packageOf(specifier) === name,
  );
  return isImported || texts.some(([file, text]) => !file.endsWith('.md') && text.includes(name));
}

function isDeclared(manifest: Workspace['manifest'], name: string): boolean {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const declared = { ...dependencies, ...devDependencies, ...optionalDependencies };
  return name in declared || `@types/${name.replace(/^@/, '').replace('/', '__')}` in declared;
}
