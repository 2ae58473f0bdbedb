import { type Import, packageOf } from './imports.ts';
import { isDevelopmentFile, type Tree } from './tree.ts';

const LAYERS = ['lib', 'services', 'apps'] as const;

/** Lower first: a package in `lib/` may import those before it. */
const LIB_ORDER = [
  'base',
  'cbor',
  'zmtp',
  'rpc',
  'kv',
  'vault',
  'config',
  'manifest',
  'supervise',
  'tsdb',
  'promql',
  'ui',
  'testing',
] as const satisfies string[];

/** Folders whose code is about the whole, and may import all of it. */
const FREE = /^(examples|e2e|bench|tools)\//;

/** The arrows of the house: lib <- services <- apps, in `lib/` lower <- higher, and no service opens another's server. */
export function layerFaults(tree: Tree): string[] {
  const folders = new Map(tree.workspaces.map(({ folder, manifest }) => [manifest.name ?? '', folder]));
  const homeless = tree.workspaces
    .filter(({ folder }) => folder.startsWith('lib/') && libRank(folder) === -1)
    .map(
      ({ folder }) => `${folder}: has no place among the libraries: add it to LIB_ORDER in tools/src/tidy/layers.ts`,
    );
  return [...homeless, ...tree.imports.flatMap((one) => importFaults(one, folders))];
}

function importFaults({ file, specifier }: Import, folders: ReadonlyMap<string, string>): string[] {
  if (FREE.test(file)) return [];
  if (specifier.startsWith('.')) return relativeFaults(file, specifier);

  const target = folders.get(packageOf(specifier) ?? '');
  if (target === undefined || file.startsWith(`${target}/`) || isDevelopmentFile(file)) return [];
  const [from, to] = [layerOf(file), layerOf(target)];
  if (to > from) return [`${file}: ${LAYERS[from]} may not import ${LAYERS[to]} (${specifier}): pass it in instead`];
  if (from === 0 && libRank(target) > libRank(file)) {
    return [`${file}: ${packageFolder(file)} is below ${target} and may not import it: pass a function in instead`];
  }
  if (from === 1 && to === 1 && specifier.endsWith('/server')) {
    return [`${file}: a service may not import another's server (${specifier}): call it through its contract`];
  }
  return [];
}

/** A relative path that leaves its package goes round the package's door. */
function relativeFaults(file: string, specifier: string): string[] {
  const folder = packageFolder(file);
  if (!LAYERS.some((layer) => folder.startsWith(`${layer}/`))) return [];
  const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
  if (target.startsWith(`${folder}/`)) return [];
  return [`${file}: ${specifier} leaves ${folder}: import the other package by its name`];
}

function layerOf(path: string): number {
  return LAYERS.findIndex((layer) => path.startsWith(`${layer}/`));
}

function libRank(path: string): number {
  return LIB_ORDER.findIndex((name) => path === `lib/${name}` || path.startsWith(`lib/${name}/`));
}

function packageFolder(file: string): string {
  return file.split('/').slice(0, 2).join('/');
}
