/**
 * What deployment asks of whoever knows chains: how to run a node, and how to tell its health. The chains service
 * implements it; deployment runs the node like any other unit.
 */
import type { Health } from '@plumb/registry';
import type { ChainSpec } from '@plumb/manifest';
import type { ChainFacts } from './contract.ts';

export type ChainNodeRequest = {
  readonly application: string;
  readonly name: string;
  readonly spec: ChainSpec;
  readonly port: number;
  /** Where the application lives: its own copy of the node's program is preferred. */
  readonly directory: string;
  /** Where the node may keep its data; made by the caller, kept over restarts. */
  readonly dataDirectory: string;
};

export type ChainNodePlan = {
  /** The program by absolute path, and its arguments. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
  readonly stopGraceMs: number;
  readonly probePeriodMs: number;
  readonly probe: ChainProbe;
};

export type ChainProbe = {
  /** Forgets what was seen: the node was started anew. */
  readonly reset: () => void;
  /** Asks the node once. Never rejects: a node that does not answer has a health too. */
  readonly check: (signal: AbortSignal) => Promise<{ readonly health: Health; readonly facts: ChainFacts }>;
};

export type ChainNodePlanner = {
  /**
   * @throws OperatingError `invalid` for a kind or network that is not in the catalogue, naming the nearest that is;
   * `unavailable` when the node's program is not installed, saying how to install it.
   */
  readonly plan: (request: ChainNodeRequest) => Promise<ChainNodePlan>;
};
