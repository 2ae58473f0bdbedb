/** The project's files as plain data, read once: every check is a pure function of it. */
import fs from 'node:fs';
import path from 'node:path';
import { type Import, readImports } from './imports.ts';

export type Manifest = {
  readonly name?: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly license?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Dependencies;
  readonly devDependencies?: Dependencies;
  readonly optionalDependencies?: Dependencies;
};
export type Dependencies = Readonly<Record<string, string>>;

/** `folder` is relative to the root, like `lib/base`; the root itself is ''. */
export type Workspace = { readonly folder: string; readonly manifest: Manifest };

export type Tree = {
  /** Text by path relative to the root, with `/`: sources, manifests, Markdown and the like. No built or installed file. */
  readonly texts: ReadonlyMap<string, string>;
  /** Every file and folder that exists, read or not. */
  readonly paths: ReadonlySet<string>;
  readonly root: Manifest;
  readonly workspaces: readonly Workspace[];
  readonly imports: readonly Import[];
};

const IGNORED_FOLDERS = new Set(['node_modules', 'dist', '.git', '.plumb', 'coverage']);
const TEXT = /\.(ts|tsx|mjs|js|json|md|yaml|yml|css|html|sol|sh|txt)$|\/run$/;
const SOURCE = /\.(ts|tsx|mjs|js)$/;
/** A longer file is data (a lock file, a recorded scrape), and would only cost time. */
const TEXT_SIZE_BYTES_MAX = 512 * 1_024;

export function readTree(root: string): Tree {
  const paths = new Set<string>();
  const texts = new Map<string, string>();
  readFolder(root, '', paths, texts);
  return createTree(texts, paths);
}

/** Builds the tree from texts alone; `paths` names what exists beside them. */
export function createTree(texts: ReadonlyMap<string, string>, paths: Iterable<string> = []): Tree {
  const manifests = [...texts]
    .filter(([file]) =>
      /^(package\.json|(lib|services|apps|examples)\/[^/]+\/package\.json|(e2e|tools)\/package\.json)$/.test(file),
    )
    .map(([file, text]) => ({ folder: file.replace(/\/?package\.json$/, ''), manifest: JSON.parse(text) as Manifest }));
  return {
    texts,
    paths: new Set([...paths, ...[...texts.keys()].flatMap(withParents)]),
    root: manifests.find(({ folder }) => folder === '')?.manifest ?? {},
    workspaces: manifests.filter(({ folder }) => folder !== ''),
    imports: [...texts].filter(([file]) => SOURCE.test(file)).flatMap(([file, text]) => readImports(file, text)),
  };
}

/** The workspace that `file` is in, or undefined where it belongs to the root. */
export function workspaceOf(tree: Tree, file: string): Workspace | undefined {
  return tree.workspaces.find(({ folder }) => file.startsWith(`${folder}/`));
}

/** Whether `file` is there for those who work on the project only: tests, benchmarks, configuration of tools. */
export function isDevelopmentFile(file: string): boolean {
  return /\.test\.tsx?$|\.config\.ts$|\/test\/|\/test\.ts$|^(tools|e2e|bench)\/|\/bench\/|^lib\/testing\/|^vitest\./.test(
    file,
  );
}

function readFolder(root: string, folder: string, paths: Set<string>, texts: Map<string, string>): void {
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const file = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (IGNORED_FOLDERS.has(entry.name)) continue;
      paths.add(file);
      readFolder(root, file, paths, texts);
    } else if (entry.isFile()) {
      paths.add(file);
      const absolute = path.join(root, file);
      if (TEXT.test(file) && fs.statSync(absolute).size <= TEXT_SIZE_BYTES_MAX) {
        texts.set(file, fs.readFileSync(absolute, 'utf8'));
      }
    }
  }
}

function withParents(file: string): string[] {
  const words = file.split('/');
  return words.map((_word, index) => words.slice(0, index + 1).join('/'));
}
