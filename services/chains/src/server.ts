/** The chains service: what can be run, how to run it, and how the nodes that run are. */
import { type Clock, type Log, OperatingError } from '@plumb/base';
import type { ChainNodePlan, ChainNodePlanner, ChainNodeRequest } from '@plumb/deploy';
import type { MetricFamily } from '@plumb/metrics';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { catalogue, requireChain } from './catalogue.ts';
import type { Program } from './catalogue/chain-software.ts';
import { type ChainNodeSight, chainMetrics } from './chain-metrics.ts';
import { createChainProbe, type TrackedProbe } from './chain-probe.ts';
import type { ChainsHandlers } from './contract.ts';
import { createFindProgram, type FindProgram } from './find-program.ts';

export type { FindProgram } from './find-program.ts';

/** A node that was not probed for this long is gone from the metrics: nobody runs it any more. */
const SIGHT_AGE_MS_MAX = 60_000;
/** Nodes whose last sight is kept; beyond it the one that was planned first is forgotten. */
const NODES_MAX = 1_000;

const LAUNCHER = fileURLToPath(new URL('launch-node.ts', import.meta.url));

export type ChainsDependencies = {
  readonly clock: Clock;
  readonly log: Log;
  /** Default: the application's own copy, Plumb's own, then PATH. */
  readonly findProgram?: FindProgram | undefined;
};

export type Chains = {
  readonly handlers: ChainsHandlers;
  readonly planner: ChainNodePlanner;
  /** Of the nodes that were probed lately. */
  readonly metrics: () => readonly MetricFamily[];
};

/** Holds no resource: nothing needs closing. */
export function createChains({
  clock,
  log,
  findProgram = createFindProgram(process.env['PATH'] ?? ''),
}: ChainsDependencies): Chains {
  const probes = new Map<string, { application: string; component: string; probe: TrackedProbe }>();

  const plan = (request: ChainNodeRequest): ChainNodePlan => {
    const { application, name, spec, port, directory, dataDirectory } = request;
    const { entry, program, stateFile, limits, stopGraceMs, probePeriodMs, ...software } = requireChain(
      spec.kind,
      spec.network,
    );
    const file = findProgram(program, directory);
    if (file === undefined) throw missing(program, directory);

    const state = path.join(dataDirectory, stateFile);
    const words = software.arguments.map((word) => word.replace('{port}', String(port)).replace('{state}', state));
    const url = `http://127.0.0.1:${port}`;
    const probe = createChainProbe({ url, kind: entry.kind, network: entry.network, limits, clock });
    const key = `${application}/${name}`;
    probes.delete(key);
    probes.set(key, { application, component: name, probe });
    const [oldest] = probes.keys();
    if (probes.size > NODES_MAX && oldest !== undefined) probes.delete(oldest);
    log.info('chains.plan', { unit: key, program: file, url });
    return {
      command: [process.execPath, LAUNCHER, state, file, ...words],
      env: {},
      url,
      stopGraceMs,
      probePeriodMs,
      probe,
    };
  };

  const sights = (): ChainNodeSight[] =>
    [...probes.values()].flatMap(({ application, component, probe }) => {
      const sight = probe.last();
      return sight === undefined || clock.now() - sight.at > SIGHT_AGE_MS_MAX
        ? []
        : [{ ...sight, application, component }];
    });

  return {
    handlers: { catalogue: () => catalogue.map(({ entry }) => entry) },
    planner: { plan: async (request) => plan(request) },
    metrics: () => chainMetrics(sights()),
  };
}

function missing({ name, npmPackage }: Program, directory: string): OperatingError {
  const how = `install it with "npm install ${npmPackage}" in ${directory}, or put ${name} on PATH`;
  return new OperatingError('unavailable', `the program ${name} is not installed: ${how}`);
}
