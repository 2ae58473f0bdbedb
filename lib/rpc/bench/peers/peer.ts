import type { ChildProcess } from 'node:child_process';
import type { BenchValue } from '../bench-contract.ts';

/** One of those that are compared: both ends, each as a program would write it with that library. */
export type Peer = {
  /** Its settings that matter for speed, for the record. */
  readonly settings: string;
  /** Runs in a process of its own, which ends with its parent. */
  readonly serve: () => Promise<Served>;
  /** Runs in another process. */
  readonly open: (address: string) => Promise<BenchClient>;
  /** The same with CURVE on, where the peer has that. */
  readonly openSealed?: (address: string) => Promise<BenchClient>;
};

export type Served =
  | {
      readonly address: string;
      readonly sealedAddress?: string | undefined;
      /** A process beside this one that does a part of the work. */
      readonly helper?: ChildProcess;
    }
  | Absent;

/** What the machine lacks for a peer. */
export type Absent = { readonly absent: string };

/** `items` is absent where a peer has no streams of its own. */
export type BenchClient = {
  readonly call: (value: BenchValue) => Promise<BenchValue>;
  readonly echoBytes: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;
  readonly items?: (count: number) => AsyncIterable<BenchValue>;
};
