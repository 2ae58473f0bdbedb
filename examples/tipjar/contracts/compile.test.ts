import fs from 'node:fs';
import { expect, test } from 'vitest';
import { readArtifact, tipJarAbi } from '../src/contract.ts';
import { MESSAGE_SIZE_BYTES_MAX, NAME_SIZE_BYTES_MAX } from '../src/tip.ts';
import { compileTipJar, formatArtifact } from './compile.ts';

/** The compiler is WebAssembly and takes its time on a busy machine. */
const COMPILE_TIMEOUT_MS = 60_000;

test(
  'the artefact is what the compiler makes of the source',
  () => {
    const file = fs.readFileSync(new URL('artifacts/TipJar.json', import.meta.url), 'utf8');
    expect(file, 'run "node contracts/compile.ts"').toBe(formatArtifact(compileTipJar()));
  },
  COMPILE_TIMEOUT_MS,
);

test('the server calls the contract as it is', () => {
  type Item = { name?: string; type: string; stateMutability?: string; inputs?: { name: string; type: string }[] };
  const signature = ({ type, name, stateMutability, inputs = [] }: Item): string =>
    [type, name, stateMutability, ...inputs.map((input) => `${input.type} ${input.name}`)].join(' ');
  const compiled = new Set((readArtifact().abi as Item[]).map(signature));
  for (const item of tipJarAbi as unknown as Item[]) expect(compiled).toContain(signature(item));
});

test('the server has the bounds of the contract', () => {
  const source = fs.readFileSync(new URL('TipJar.sol', import.meta.url), 'utf8');
  expect(source).toContain(`NAME_SIZE_BYTES_MAX = ${NAME_SIZE_BYTES_MAX};`);
  expect(source).toContain(`MESSAGE_SIZE_BYTES_MAX = ${MESSAGE_SIZE_BYTES_MAX};`);
});
