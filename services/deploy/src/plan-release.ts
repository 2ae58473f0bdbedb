/**
 * What a deploy does, as data: from what is wanted and what there is, the steps in their order. Pure; `Application`
 * executes the steps, and a person can read them first.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Manifest } from '@plumb/manifest';
import { type Component, componentsOf, servicesOf, unitName } from './component.ts';
import type { Plan, PlanStep, UnitState } from './contract.ts';

export type Wanted = { readonly manifest: Manifest; readonly directory: string; readonly release: string };

export type PlanInput = {
  readonly wanted: Wanted;
  /** What the application is at present; undefined when it is deployed for the first time. */
  readonly current: Wanted | undefined;
  /** Of its units at present. */
  readonly states: ReadonlyMap<string, UnitState>;
  /** The words that run each chain that is started or restarted. */
  readonly chainCommands: ReadonlyMap<string, readonly string[]>;
};

export function planRelease({ wanted, current, states, chainCommands }: PlanInput): Plan {
  const { manifest, release } = wanted;
  const application = manifest.name;
  const components = componentsOf(manifest);
  const names = new Set(components.map(({ name }) => name));
  const gone = current === undefined ? [] : componentsOf(current.manifest).filter(({ name }) => !names.has(name));
  const steps: PlanStep[] = [
    { kind: 'declare', application, services: servicesOf(manifest).map(({ name }) => name) },
    { kind: 'provision', application, keys: Object.keys(manifest.config).sort() },
    // Those that need others go before them.
    ...gone.reverse().map(({ name }) => stopStep(application, name)),
    ...components.map((component) => {
      const change = changeOf(component, { wanted, current, states });
      return componentStep(application, component, change, chainCommands);
    }),
  ];
  return {
    application,
    environment: manifest.environment,
    target: 'process',
    release,
    ...(current === undefined ? {} : { previousRelease: current.release }),
    steps,
  };
}

export type Change = { readonly kind: 'start' | 'restart'; readonly reason: string } | { readonly kind: 'keep' };

/** What must happen to one component, and why. */
export function changeOf(component: Component, { wanted, current, states }: Omit<PlanInput, 'chainCommands'>): Change {
  const state = states.get(component.name);
  const before =
    current === undefined ? undefined : componentsOf(current.manifest).find(({ name }) => name === component.name);
  if (current === undefined || before === undefined || state === undefined) {
    return { kind: 'start', reason: current === undefined ? 'deployed for the first time' : 'added to the manifest' };
  }
  if (state === 'stopped') return { kind: 'start', reason: 'it was stopped' };
  if (state === 'crashed') return { kind: 'start', reason: 'it was given up' };
  const reasons = [...differences(before, component)];
  if (wanted.directory !== current.directory) reasons.push('the directory differs');
  if (wanted.manifest.environment !== current.manifest.environment) reasons.push('the environment differs');
  // A chain node is not made of the application's files.
  const isOfRelease = component.kind === 'process' && wanted.release !== current.release;
  if (reasons.length === 0 && isOfRelease) reasons.push(`release ${current.release} is now ${wanted.release}`);
  return reasons.length === 0 ? { kind: 'keep' } : { kind: 'restart', reason: reasons.join(', ') };
}

/** What differs for the process that runs. What it needs and uses, and where its metrics are, takes effect without a restart. */
function differences(before: Component, after: Component): string[] {
  if (before.kind !== after.kind) return ['it is of another kind'];
  const ignored = new Set(['needs', 'uses', 'metrics']);
  const was = new Map(Object.entries(before.spec));
  return Object.entries(after.spec)
    .filter(([key, value]) => !ignored.has(key) && !isDeepStrictEqual(was.get(key), value))
    .map(([key]) => `${key} differs`);
}

function stopStep(application: string, name: string): PlanStep {
  return { kind: 'stop', unit: unitName(application, name), reason: 'taken out of the manifest' };
}

function componentStep(
  application: string,
  component: Component,
  change: Change,
  chainCommands: PlanInput['chainCommands'],
): PlanStep {
  const unit = unitName(application, component.name);
  if (change.kind === 'keep') return { kind: 'keep', unit };
  if (change.kind === 'restart') return { kind: 'restart', unit, reason: change.reason };
  const command = component.kind === 'process' ? component.spec.command : (chainCommands.get(component.name) ?? []);
  const { port } = component.spec;
  return {
    kind: 'start',
    unit,
    command: [...command],
    ...(port === undefined ? {} : { port }),
    needs: [...component.needs],
    reason: change.reason,
  };
}
