/** What the catalogue says of one chain and the software that runs it: data only, so that a new chain is a new file. */
import type { ChainLimits } from '../chain-health.ts';
import type { CatalogueEntry } from '../contract.ts';

export type Program = {
  /** As people call it, and as it is named on PATH. */
  readonly name: string;
  /** What to install to have it. */
  readonly npmPackage: string;
  /** The package with the native program, by `PLATFORM-ARCH` as Node.js names them, and the program's path in it. */
  readonly nativePackages: Readonly<Record<string, string>>;
  readonly file: string;
};

export type ChainSoftware = {
  readonly entry: CatalogueEntry;
  readonly program: Program;
  /** `{port}` and `{state}` (the file in the node's data directory that keeps the chain) are filled in. */
  readonly arguments: readonly string[];
  readonly stateFile: string;
  /** From the request to stop to the end: it writes its state in that time. */
  readonly stopGraceMs: number;
  readonly probePeriodMs: number;
  readonly limits: ChainLimits;
};
