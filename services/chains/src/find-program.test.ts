import { openTemporaryDirectory } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Program } from './catalogue/chain-software.ts';
import { createFindProgram } from './find-program.ts';

const PLATFORM = `${process.platform}-${process.arch}`;

function program(npmPackage: string): Program {
  return { name: 'anvil', npmPackage, nativePackages: { [PLATFORM]: npmPackage }, file: 'bin/anvil' };
}

async function writeProgram(file: string): Promise<string> {
  await fs.mkdir(path.dirname(file), { recursive: true });
  await fs.writeFile(file, '#!/bin/sh\n', { mode: 0o755 });
  return file;
}

test("the application's own copy comes before the machine's", async () => {
  await using directory = await openTemporaryDirectory();
  const folder = path.join(directory.path, 'bin');
  const find = createFindProgram(`relative:${folder}`);
  expect(find(program('@nobody/anvil'), directory.path)).toBeUndefined();
  const onPath = await writeProgram(path.join(folder, 'anvil'));
  expect(find(program('@nobody/anvil'), directory.path)).toBe(onPath);
  const own = await writeProgram(path.join(directory.path, 'node_modules/@nobody/anvil/bin/anvil'));
  expect(find(program('@nobody/anvil'), directory.path)).toBe(own);
});

test("npm's wrapper on PATH is not the program: without the native package it could only crash", async () => {
  await using directory = await openTemporaryDirectory();
  const wrapper = await writeProgram(path.join(directory.path, 'node_modules/.bin/anvil'));
  expect(createFindProgram(path.dirname(wrapper))(program('@nobody/anvil'), directory.path)).toBeUndefined();
});

test('a file that cannot be executed, or a folder of that name, is no program', async () => {
  await using directory = await openTemporaryDirectory();
  const [first, second] = [path.join(directory.path, 'first'), path.join(directory.path, 'second')];
  await fs.mkdir(path.join(first, 'anvil'), { recursive: true });
  await fs.chmod(await writeProgram(path.join(second, 'anvil')), 0o644);
  expect(createFindProgram(`${first}:${second}`)(program('@nobody/anvil'), directory.path)).toBeUndefined();
});
