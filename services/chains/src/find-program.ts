/** Finds the program of a chain node: the application's own copy, then Plumb's, then the machine's. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Program } from './catalogue/chain-software.ts';

/** The absolute path of `program` as seen from the application in `directory`; undefined when it is not installed. */
export type FindProgram = (program: Program, directory: string) => string | undefined;

/** Looks for the native program itself: the `bin` of its npm package is a Node.js wrapper, which signals would not pass. */
export function createFindProgram(searchPath: string): FindProgram {
  return (program, directory) => {
    const npmFile = nativeFile(program);
    const candidates = [
      npmFile === undefined ? undefined : resolveFrom(path.join(directory, 'package.json'), npmFile),
      npmFile === undefined ? undefined : resolveFrom(import.meta.url, npmFile),
      ...searchPath
        .split(path.delimiter)
        // npm puts its wrappers there, before everything else on PATH.
        .filter((folder) => path.isAbsolute(folder) && !folder.split(path.sep).includes('node_modules'))
        .map((folder) => path.join(folder, program.name)),
    ];
    return candidates.find((file) => file !== undefined && isExecutable(file));
  };
}

function nativeFile({ nativePackages, file }: Program): string | undefined {
  const name = nativePackages[`${process.platform}-${process.arch}`];
  return name === undefined ? undefined : `${name}/${file}`;
}

function resolveFrom(base: string, specifier: string): string | undefined {
  try {
    return createRequire(base).resolve(specifier);
  } catch {
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
