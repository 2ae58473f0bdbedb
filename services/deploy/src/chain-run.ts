import fs from 'node:fs/promises';
import path from 'node:path';
import type { ChainSpec } from '@plumb/manifest';
import type { Health } from '@plumb/registry';
import type { Readiness, ReadinessSpec } from '@plumb/supervise';
import type { ChainNodePlan } from './chain-node.ts';
import type { ChainFacts } from './contract.ts';
import type { DeployDependencies } from './dependencies.ts';

/** Long enough for a node that is busy: the probe has a time-out of its own, and never rejects. */
const CHECK_TIMEOUT_MS = 10_000;

/** How a node is run on a port. */
export type PlannedChain = { readonly port: number; readonly plan: ChainNodePlan };

/** What makes a unit a chain node: how it is run, and what its probe says of it. */
export class ChainRun {
  readonly #dependencies: Pick<DeployDependencies, 'chains' | 'dataDirectory'>;
  readonly #changed: () => void;
  #planned: PlannedChain | undefined;
  #health: Health | undefined;
  #facts: ChainFacts | undefined;

  constructor(dependencies: Pick<DeployDependencies, 'chains' | 'dataDirectory'>, changed: () => void) {
    this.#dependencies = dependencies;
    this.#changed = changed;
  }

  /** Since its start; undefined while it does not run, and before the first answer. */
  get health(): Health | undefined {
    return this.#health;
  }

  /** At the last answer. */
  get facts(): ChainFacts | undefined {
    return this.#facts;
  }

  /** A plan that was made beforehand is used for the next start. */
  use(planned: PlannedChain): void {
    this.#planned = planned;
  }

  urlAt(port: number): string | undefined {
    return this.#planned?.port === port ? this.#planned.plan.url : undefined;
  }

  /** The process has ended. */
  ended(): void {
    this.#health = undefined;
  }

  /** Everything for a start. @throws OperatingError as the planner does. */
  async prepare(node: {
    readonly application: string;
    readonly name: string;
    readonly spec: ChainSpec;
    readonly port: number;
    readonly directory: string;
  }): Promise<{ readonly plan: ChainNodePlan; readonly readiness: ReadinessSpec }> {
    const { chains, dataDirectory: root } = this.#dependencies;
    const dataDirectory = path.join(root, 'chains', node.application, node.name);
    if (this.#planned?.port !== node.port) {
      this.#planned = { port: node.port, plan: await chains.plan({ ...node, dataDirectory }) };
    }
    await fs.mkdir(dataDirectory, { recursive: true });
    const { plan } = this.#planned;
    plan.probe.reset();
    this.#health = undefined;
    const check = (signal: AbortSignal): Promise<Readiness> => this.#check(plan, signal);
    return { plan, readiness: { check, periodMs: plan.probePeriodMs, timeoutMs: CHECK_TIMEOUT_MS } };
  }

  /** The probe's answer is the unit's health as it is; for the supervisor, only ready is ready. */
  async #check({ probe }: ChainNodePlan, signal: AbortSignal): Promise<Readiness> {
    const { health, facts } = await probe.check(signal);
    if (signal.aborted) return { ready: false, reason: 'it was asked no more' };
    this.#health = health;
    this.#facts = facts;
    this.#changed();
    return health.state === 'ready' ? { ready: true } : { ready: false, reason: health.reason ?? health.state };
  }
}
