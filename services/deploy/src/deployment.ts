/** A deploy before anything is done: everything that can be known beforehand is known, or it is refused. */
import path from 'node:path';
import { OperatingError } from '@plumb/base';
import type { Application, ChainPlans } from './application.ts';
import { portTaken } from './application.ts';
import type { PlannedChain } from './chain-run.ts';
import { type Component, componentsOf, unitName } from './component.ts';
import type { Plan } from './contract.ts';
import type { DeployDependencies } from './dependencies.ts';
import type { Desired } from './desired.ts';
import { changeOf, planRelease, type Wanted } from './plan-release.ts';
import { findFreePort, isPortFree } from './ports.ts';
import { readManifest, type Source } from './read-manifest.ts';
import { nameRelease } from './release-name.ts';

export type Deployment = {
  readonly wanted: Wanted;
  readonly plan: Plan;
  readonly desired: Desired;
  readonly chainPlans: ChainPlans;
};

export type PrepareDependencies = Pick<DeployDependencies, 'chains' | 'clock' | 'dataDirectory'> & {
  readonly applications: ReadonlyMap<string, Application>;
  readonly reservedPorts: (except: string) => ReadonlySet<number>;
};

/**
 * Reads, checks and plans; changes nothing.
 * @throws OperatingError `invalid` for the manifest or the files, `not-found` without them, `conflict` for a port that
 * somebody else has, `unavailable` when a chain node's program is missing.
 */
export async function prepareDeployment(source: Source, dependencies: PrepareDependencies): Promise<Deployment> {
  const { manifest, text, file, directory } = await readManifest(source);
  const excluded = [
    path.resolve(dependencies.dataDirectory),
    path.resolve(directory, file),
    ...renderedFiles(manifest, directory),
  ];
  const release = await nameRelease(directory, { excluded });
  const application = dependencies.applications.get(manifest.name);
  const wanted: Wanted = { manifest, directory, release };
  const ports = await choosePorts(wanted, application, dependencies);
  const current =
    application === undefined
      ? undefined
      : {
          manifest: application.manifest,
          directory: application.desired.directory,
          release: application.desired.release,
        };
  const facts = { wanted, current, states: application?.states ?? new Map<string, never>() };
  const chainPlans: ChainPlans = await planChains(facts, ports, dependencies);
  const chainCommands = new Map([...chainPlans].map(([name, { plan }]) => [name, plan.command]));
  return {
    wanted,
    plan: planRelease({ ...facts, chainCommands }),
    desired: {
      name: manifest.name,
      manifestText: text,
      file,
      environment: manifest.environment,
      directory,
      release,
      deployedAt: dependencies.clock.now(),
      ports: autoPorts(manifest, ports),
      stopped: [],
    },
    chainPlans,
  };
}

/** What is made from configuration is no part of a release. */
function renderedFiles({ processes }: Wanted['manifest'], directory: string): string[] {
  return Object.values(processes).flatMap(({ files }) => files.map(({ to }) => path.resolve(directory, to)));
}

/** A port for every component that has one: fixed ones are checked, free ones kept or found. */
async function choosePorts(
  { manifest }: Wanted,
  application: Application | undefined,
  { applications, reservedPorts }: PrepareDependencies,
): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  for (const { name, spec } of componentsOf(manifest)) {
    const unit = unitName(manifest.name, name);
    const taken = new Set([...reservedPorts(unit), ...ports.values()]);
    if (typeof spec.port === 'number') {
      await requirePort(spec.port, unit, application, applications);
      ports.set(name, spec.port);
    } else if (spec.port === 'auto') {
      const kept = Object.hasOwn(application?.desired.ports ?? {}, name) ? application?.desired.ports[name] : undefined;
      ports.set(name, kept ?? (await findFreePort(taken)));
    }
  }
  return ports;
}

async function requirePort(
  port: number,
  unit: string,
  own: Application | undefined,
  applications: ReadonlyMap<string, Application>,
): Promise<void> {
  for (const application of applications.values()) {
    if (application === own) continue;
    for (const [name, used] of application.ports) {
      if (used === port) throw portTaken(unit, port, unitName(application.name, name));
    }
  }
  // Our own copy gives it up when it is restarted.
  const isOurs = own?.units.some((one) => one.status().pid !== undefined && one.status().port === port) ?? false;
  if (!isOurs && !(await isPortFree(port))) throw portTaken(unit, port);
}

/** How to run the chain nodes that are started or restarted. */
async function planChains(
  facts: Parameters<typeof changeOf>[1],
  ports: ReadonlyMap<string, number>,
  { chains, dataDirectory: root }: PrepareDependencies,
): Promise<ChainPlans> {
  const { manifest, directory } = facts.wanted;
  const plans = new Map<string, PlannedChain>();
  for (const component of componentsOf(manifest)) {
    if (component.kind !== 'chain' || changeOf(component, facts).kind === 'keep') continue;
    const { name, spec } = component;
    const port = ports.get(name);
    if (port === undefined) throw new OperatingError('internal', `the chain ${name} has no port`);
    const dataDirectory = path.join(root, 'chains', manifest.name, name);
    const plan = await chains.plan({ application: manifest.name, name, spec, port, directory, dataDirectory });
    plans.set(name, { port, plan });
  }
  return plans;
}

function autoPorts(manifest: Wanted['manifest'], ports: ReadonlyMap<string, number>): Record<string, number> {
  const isAuto = ({ spec }: Component): boolean => spec.port === 'auto';
  const entries = componentsOf(manifest)
    .filter(isAuto)
    .map(({ name }) => [name, ports.get(name)] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, number] => entry[1] !== undefined));
}
