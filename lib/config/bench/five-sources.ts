/** 5,000 keys, a thousand in each of five sources: what an application of some size starts with. */
import fs from 'node:fs/promises';
import path from 'node:path';

const GROUPS = 50;
const NAMES = 20;

export type FiveSources = {
  readonly files: readonly string[];
  /** Environment variables, with `PREFIX`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Every dotted path, in an order that jumps about. */
  readonly paths: readonly string[];
};

export const PREFIX = 'BENCH_';

type Value = number | string | boolean;

/** A third each of numbers, texts and truth values. */
function valueOf(group: number, name: number): Value {
  const kind = (group + name) % 3;
  if (kind === 0) return group * name;
  return kind === 1 ? `text of ${group} and ${name}` : name % 2 === 0;
}

/** Writes the files into `directory`. Paths look like `yaml7.group12.name3`; half of all lie three names deep, half four. */
export async function writeFiveSources(directory: string): Promise<FiveSources> {
  const pairs = Array.from({ length: GROUPS * NAMES }, (_, i) => [Math.floor(i / NAMES), i % NAMES] as const);
  const named = (kind: string): [string, Value][] =>
    pairs.map(([group, name]) => [pathOf(kind, group, name), valueOf(group, name)]);
  const write = async (name: string, text: string): Promise<string> => {
    const file = path.join(directory, name);
    await fs.writeFile(file, text);
    return file;
  };
  const files = [
    await write('app.yaml', yamlOf(treeOf(named('yaml')), 0)),
    await write('app.json', JSON.stringify(treeOf(named('json')), undefined, 2)),
    await write('app.toml', tomlOf(named('toml'))),
    await write('app.env', variablesOf(named('dotenv'), '').join('\n')),
  ];
  const environment = Object.fromEntries(
    variablesOf(named('env'), PREFIX).map((line) => [
      line.slice(0, line.indexOf('=')),
      line.slice(line.indexOf('=') + 1),
    ]),
  );
  const paths = ['yaml', 'json', 'toml', 'dotenv', 'env'].flatMap((kind) => named(kind).map(([one]) => one));
  // 2,741 has no factor in common with 5,000.
  return { files, environment, paths: paths.map((_, i) => paths[(i * 2_741) % paths.length] ?? '') };
}

function pathOf(kind: string, group: number, name: number): string {
  return group % 2 === 0 ? `${kind}.group${group}.name${name}` : `${kind}.group${group}.deeper.name${name}`;
}

export type Tree = { [name: string]: Value | Tree };

export function treeOf(entries: readonly (readonly [string, Value])[]): Tree {
  const root: Tree = {};
  for (const [at, value] of entries) {
    const names = at.split('.');
    let tree = root;
    for (const name of names.slice(0, -1)) tree = (tree[name] ??= {}) as Tree;
    tree[names.at(-1) ?? ''] = value;
  }
  return root;
}

function yamlOf(tree: Tree, indent: number): string {
  const lines = Object.entries(tree).map(([name, value]) => {
    const head = `${' '.repeat(indent)}${name}:`;
    return typeof value === 'object' ? `${head}\n${yamlOf(value, indent + 2)}` : `${head} ${value}\n`;
  });
  return lines.join('');
}

function tomlOf(entries: readonly (readonly [string, Value])[]): string {
  let table = '';
  const lines = entries.map(([at, value]) => {
    const cut = at.lastIndexOf('.');
    const header = at.slice(0, cut) === table ? '' : `[${(table = at.slice(0, cut))}]\n`;
    return `${header}${at.slice(cut + 1)} = ${JSON.stringify(value)}`;
  });
  return `${lines.join('\n')}\n`;
}

function variablesOf(entries: readonly (readonly [string, Value])[], prefix: string): string[] {
  return entries.map(([at, value]) => {
    const quoted = prefix === '' && typeof value === 'string' ? `"${value}"` : String(value);
    return `${prefix}${at.toUpperCase().replaceAll('.', '__')}=${quoted}`;
  });
}
