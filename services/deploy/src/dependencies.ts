import type { Clock, Log, Random } from '@plumb/base';
import type { ConfigClient } from '@plumb/config-store';
import type { Kv } from '@plumb/kv';
import type { RegistryClient } from '@plumb/registry';
import type { RestartPolicy } from '@plumb/supervise';
import type { ChainNodePlanner } from './chain-node.ts';
import type { ProcessConfig } from './unit-files.ts';

/** One line for the journal: what happened, and what was done. `subject` is a unit or an application. */
export type JournalNote = {
  readonly kind: 'heal' | 'give-up' | 'deploy';
  readonly application: string;
  readonly subject: string;
  readonly text: string;
};

/** What a process is given to call Plumb with; `close` takes it back. */
export type InstanceAccess = {
  readonly env: Readonly<Record<string, string>>;
  /** The key that it can prove, which its callers need where it serves RPC itself: the dictionary tells them. */
  readonly publicKey?: string | undefined;
  /** The configuration as the process sees it, which the files that it is given are made of. */
  readonly config: ProcessConfig;
  readonly close: () => Promise<void>;
};

export type DeployDependencies = {
  readonly kv: Kv;
  readonly registry: RegistryClient;
  readonly config: ConfigClient;
  readonly chains: ChainNodePlanner;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Logs are kept in `logs/`, data of chain nodes in `chains/`. */
  readonly dataDirectory: string;
  readonly hostName: string;
  /** The id of the data directory: by it, what a killed run left behind is found. */
  readonly owner: string;
  /** What every process inherits, such as `PATH` and `HOME`. */
  readonly baseEnvironment: Readonly<Record<string, string>>;
  readonly openInstance: (instance: {
    readonly application: string;
    readonly component: string;
    readonly instanceId: string;
  }) => Promise<InstanceAccess>;
  readonly journal: (note: JournalNote) => Promise<void>;
  /** Default: `DEFAULT_RESTART_POLICY` of `@plumb/supervise`. */
  readonly restartPolicy?: RestartPolicy | undefined;
  /** How long `deploy` waits until everything is ready. Default `READY_TIMEOUT_MS`. */
  readonly readyTimeoutMs?: number | undefined;
};
