/**
 * Compiles `TipJar.sol` to the artefact that the server uses. `node contracts/compile.ts` rewrites the artefact; a test
 * compiles again and compares, so that what runs is what can be read.
 */
import fs from 'node:fs';
import solc from 'solc';

const SOURCE = new URL('TipJar.sol', import.meta.url);
const ARTIFACT = new URL('artifacts/TipJar.json', import.meta.url);

/** `bytecode` is the creation code without constructor arguments, as 0x-prefixed hexadecimal text. */
export type Artifact = {
  readonly contractName: string;
  readonly compiler: string;
  readonly settings: unknown;
  readonly abi: readonly unknown[];
  readonly bytecode: string;
};

type CompilerOutput = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<
    Record<string, Record<string, { abi: unknown[]; evm: { bytecode: { object: string } } }>>
  >;
};

/** The same source and compiler give the same bytes: no metadata, so no paths and no hash of comments. */
const SETTINGS = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'cancun',
  metadata: { appendCBOR: false, bytecodeHash: 'none' },
};

export function compileTipJar(): Artifact {
  const input = {
    language: 'Solidity',
    sources: { 'TipJar.sol': { content: fs.readFileSync(SOURCE, 'utf8') } },
    settings: { ...SETTINGS, outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as CompilerOutput;
  if (output.errors !== undefined) throw new Error(output.errors.map((error) => error.formattedMessage).join('\n'));
  const contract = output.contracts?.['TipJar.sol']?.['TipJar'];
  if (contract === undefined) throw new Error('the compiler answered without the contract TipJar');
  return {
    contractName: 'TipJar',
    compiler: solc.version(),
    settings: SETTINGS,
    abi: contract.abi,
    bytecode: `0x${contract.evm.bytecode.object}`,
  };
}

export function formatArtifact(artifact: Artifact): string {
  return `${JSON.stringify(artifact, undefined, 2)}\n`;
}

if (import.meta.main) fs.writeFileSync(ARTIFACT, formatArtifact(compileTipJar()));
