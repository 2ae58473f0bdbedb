/**
 * One application on this host: its units, as the desired state wants them. Executes plans; each step can be repeated,
 * and after a restart of Plumb the desired state alone brings everything back.
 */
import { OperatingError } from '@plumb/base';
import type { Manifest } from '@plumb/manifest';
import { removeCopies } from './application-secrets.ts';
import type { PlannedChain } from './chain-run.ts';
import { componentsOf, unitName } from './component.ts';
import type { ApplicationStatus, Plan, UnitState } from './contract.ts';
import type { DeployDependencies } from './dependencies.ts';
import { DeployUnit, type Neighbourhood } from './deploy-unit.ts';
import type { Desired } from './desired.ts';
import { findFreePort, isPortFree } from './ports.ts';

export type ApplicationHooks = {
  readonly dependencies: DeployDependencies;
  /** Keeps the desired state on disk. */
  readonly save: (desired: Desired) => Promise<void>;
  /** Ports that other components may use, of this application and of others. */
  readonly reservedPorts: (except: string) => ReadonlySet<number>;
  /** Its status may differ from what it was. */
  readonly changed: (application: Application) => void;
};

/** How chain nodes are run, by component. */
export type ChainPlans = ReadonlyMap<string, PlannedChain>;

type Waiter = { readonly check: () => boolean; readonly resolve: () => void };

export class Application {
  readonly name: string;
  readonly #hooks: ApplicationHooks;
  readonly #units = new Map<string, DeployUnit>();
  readonly #waiters = new Set<Waiter>();
  #desired: Desired;
  #manifest: Manifest;

  constructor(desired: Desired, manifest: Manifest, hooks: ApplicationHooks) {
    this.name = desired.name;
    this.#desired = desired;
    this.#manifest = manifest;
    this.#hooks = hooks;
  }

  get desired(): Desired {
    return this.#desired;
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  /** In the order of the manifest's starts. */
  get units(): readonly DeployUnit[] {
    const order = componentsOf(this.#manifest).map(({ name }) => this.#units.get(name));
    return order.filter((unit) => unit !== undefined);
  }

  get states(): ReadonlyMap<string, UnitState> {
    return new Map([...this.#units].map(([name, unit]) => [name, unit.status().state]));
  }

  /** The fixed and remembered ports by component. */
  get ports(): ReadonlyMap<string, number> {
    const ports = new Map(Object.entries(this.#desired.ports));
    for (const { name, spec } of componentsOf(this.#manifest))
      if (typeof spec.port === 'number') ports.set(name, spec.port);
    return ports;
  }

  unit(component: string): DeployUnit | undefined {
    return this.#units.get(component);
  }

  status(): ApplicationStatus {
    const { name, environment, release, directory, deployedAt } = this.#desired;
    const { description } = this.#manifest;
    return {
      name,
      ...(description === undefined ? {} : { description }),
      environment,
      release,
      directory,
      deployedAt,
      units: this.units.map((unit) => unit.status()),
    };
  }

  /** Starts all units that nobody stopped; each waits for its needs by itself. */
  startAll(): void {
    this.#configureUnits(new Map());
    for (const [component, unit] of this.#units) if (!this.#desired.stopped.includes(component)) unit.start();
  }

  /** Executes the steps of `plan`, in order. `desired` is on disk by then. */
  async apply(
    desired: Desired,
    manifest: Manifest,
    { plan, chainPlans }: { readonly plan: Plan; readonly chainPlans: ChainPlans },
    onStep: (index: number, state: 'started' | 'done') => void,
  ): Promise<void> {
    this.#desired = desired;
    this.#manifest = manifest;
    this.#configureUnits(chainPlans);
    for (const [index, step] of plan.steps.entries()) {
      onStep(index, 'started');
      if (step.kind === 'start') this.#requireUnit(step.unit).start();
      if (step.kind === 'restart') await this.#requireUnit(step.unit).restart();
      if (step.kind === 'stop') await this.#drop(step.unit);
      onStep(index, 'done');
    }
    this.#changed();
  }

  /** Remembers that a person stopped or started a component. */
  async setStopped(component: string, isStopped: boolean): Promise<void> {
    const others = this.#desired.stopped.filter((name) => name !== component);
    await this.#save({ ...this.#desired, stopped: isStopped ? [...others, component] : others });
  }

  /** Resolves when `check` holds, looking at each change. @throws the signal's reason when it aborts. */
  async until(check: () => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (check()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { check, resolve };
    const abort = (): void => reject(signal.reason as Error);
    this.#waiters.add(waiter);
    signal.addEventListener('abort', abort);
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#waiters.delete(waiter);
    }
  }

  async close(graceMs?: number): Promise<void> {
    await Promise.all([...this.#units.values()].map((unit) => unit.close(graceMs)));
  }

  #configureUnits(chainPlans: ChainPlans): void {
    const { release, directory, environment } = this.#desired;
    for (const component of componentsOf(this.#manifest)) {
      const settings = { component, release, directory, environment };
      const unit = this.#units.get(component.name);
      const added = unit ?? new DeployUnit(settings, this.#neighbourhood(), this.#hooks.dependencies);
      this.#units.set(component.name, added);
      added.configure(settings, chainPlans.get(component.name));
    }
  }

  #neighbourhood(): Neighbourhood {
    return {
      application: this.name,
      find: (component) => this.#units.get(component),
      takePort: (component) => this.#takePort(component),
      portOf: (component) => this.ports.get(component),
      changed: (unit, isHealth) => {
        if (isHealth) this.#refreshDependents(unit.component.name);
        this.#changed();
      },
      until: (check, signal) => this.until(check, signal),
    };
  }

  #refreshDependents(component: string): void {
    for (const unit of this.#units.values()) if (unit.component.needs.includes(component)) unit.refresh();
  }

  #changed(): void {
    for (const waiter of this.#waiters) if (waiter.check()) waiter.resolve();
    this.#hooks.changed(this);
  }

  async #takePort(component: string): Promise<number> {
    const wanted = componentsOf(this.#manifest).find(({ name }) => name === component)?.spec.port;
    const known = this.ports.get(component);
    if (known !== undefined && (await isPortFree(known))) return known;
    if (typeof wanted === 'number') throw portTaken(unitName(this.name, component), wanted);
    const port = await findFreePort(this.#hooks.reservedPorts(unitName(this.name, component)));
    await this.#save({ ...this.#desired, ports: { ...this.#desired.ports, [component]: port } });
    this.#restartReaders(component);
    return port;
  }

  /** Those whose environment names the component's address: it is another. */
  #restartReaders(component: string): void {
    for (const unit of this.#units.values()) {
      const { component: reader } = unit;
      if (reader.kind !== 'process' || reader.name === component || unit.status().pid === undefined) continue;
      const isReader = Object.values(reader.spec.env).some((value) => value.includes(`.${component}.`));
      if (!isReader) continue;
      unit.note(`is restarted: ${component} has another port`);
      void unit.restart();
    }
  }

  async #save(desired: Desired): Promise<void> {
    this.#desired = desired;
    await this.#hooks.save(desired);
    this.#changed();
  }

  #requireUnit(name: string): DeployUnit {
    const unit = [...this.#units.values()].find((candidate) => candidate.name === name);
    if (unit === undefined) throw new OperatingError('internal', `the plan names ${name}, which is no unit`);
    return unit;
  }

  async #drop(name: string): Promise<void> {
    const unit = this.#requireUnit(name);
    const component = unit.component.name;
    await unit.close();
    this.#units.delete(component);
    await removeCopies({ application: this.name, component }, this.#hooks.dependencies);
  }
}

/** What a person reads when a fixed port cannot be had. */
export function portTaken(unit: string, port: number, owner = 'another program'): OperatingError {
  const component = unit.split('/')[1] ?? unit;
  const help = `end that one, or change "port" of ${component} in the manifest (auto takes any free one)`;
  return new OperatingError('conflict', `port ${port} of ${unit} is taken by ${owner}: ${help}`, {
    details: { unit, port },
  });
}
