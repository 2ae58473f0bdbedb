import { assert, describeError, nearestWord, OperatingError, Turns } from '@plumb/base';
import type { Collection } from '@plumb/kv';
import { parseManifest } from '@plumb/manifest';
import type { Call } from '@plumb/rpc';
import { removeCopies } from './application-secrets.ts';
import { Application, type ApplicationHooks } from './application.ts';
import { unitName } from './component.ts';
import type { DeployHandlers, DeployProgress, Plan } from './contract.ts';
import { declare, writeWanted } from './declaration.ts';
import type { DeployDependencies } from './dependencies.ts';
import type { DeployUnit } from './deploy-unit.ts';
import { type Deployment, prepareDeployment } from './deployment.ts';
import { type Desired, createDesiredCollection } from './desired.ts';
import { streamLogs } from './log-stream.ts';
import { ProgressQueue } from './progress-queue.ts';
import { readManifest, type Source } from './read-manifest.ts';
import { StatusHub } from './status-hub.ts';
import { READY_TIMEOUT_MS, waitForReady } from './wait-for-ready.ts';

/** Stops of all units together at the end: who presses Ctrl-C waits for at most 5 s. */
const CLOSE_GRACE_MS = 3_500;
/** Past lines that `logs` gives where the caller does not say. */
const LOG_TAIL = 100;

/** One function a method of the contract, over the applications of this host. `server.ts` opens it. */
export class DeployService {
  readonly #dependencies: DeployDependencies;
  readonly #desired: Collection<Desired>;
  readonly #applications = new Map<string, Application>();
  readonly #hub: StatusHub;
  /** What changes an application does so alone: by its name. */
  readonly #turns = new Turns();
  readonly #closing = new AbortController();

  constructor(dependencies: DeployDependencies) {
    this.#dependencies = dependencies;
    this.#desired = createDesiredCollection(dependencies.kv);
    this.#hub = new StatusHub(
      () => [...this.#applications.keys()].sort(),
      (name) => this.#applications.get(name)?.status(),
    );
  }

  handlers(): DeployHandlers {
    return {
      plan: async (source) => (await this.#prepare(source)).plan,
      deploy: (source, call) => this.#deploy(source, call),
      status: ({ application }) => {
        const names = application === undefined ? [...this.#applications.keys()].sort() : [application];
        return names.map((name) => this.#require(name).status());
      },
      watch: ({ application }, { signal }) => this.#hub.watch(application, signal),
      logs: ({ application, component, tail = LOG_TAIL, follow = false }, { signal }) => {
        const { units } = this.#require(application);
        const chosen = component === undefined ? units : [this.#requireUnit(application, component)];
        return streamLogs(chosen, { tail, follow, signal });
      },
      restart: async ({ application, component }, { caller }) => {
        await this.#inTurn(application, async () => {
          const unit = this.#requireUnit(application, component);
          this.#noteCommand(unit, 'restart', caller.id);
          await this.#require(application).setStopped(component, false);
          await unit.restart();
        });
        return {};
      },
      stop: async ({ application, component }, { caller }) => {
        await this.#inTurn(application, async () => {
          const unit = this.#requireUnit(application, component);
          this.#noteCommand(unit, 'stop', caller.id);
          await this.#require(application).setStopped(component, true);
          await unit.stop();
        });
        return {};
      },
      kill: ({ application, component }, { caller }) => {
        const unit = this.#requireUnit(application, component);
        this.#noteCommand(unit, 'kill', caller.id);
        if (unit.kill()) return {};
        throw new OperatingError(
          'conflict',
          `${unit.name} does not run, so there is nothing to kill: restart it first`,
        );
      },
      remove: async ({ application }, { caller }) => {
        await this.#inTurn(application, () => this.#remove(application, caller.id));
        return {};
      },
    };
  }

  /** Brings up what was deployed before. What cannot be is logged, and stays as it is on disk. */
  async resume(): Promise<void> {
    for (const { value: desired } of await this.#desired.list()) {
      try {
        const { manifestText, file, environment } = desired;
        const manifest = parseManifest(manifestText, { file, environment });
        const application = new Application(desired, manifest, this.#hooks());
        await declare({ desired, manifest }, this.#dependencies);
        this.#applications.set(desired.name, application);
        application.startAll();
      } catch (error) {
        this.#dependencies.log.error('deploy.resume-failed', {
          application: desired.name,
          error: describeError(error),
        });
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const closeAll = (): Promise<unknown> =>
      Promise.all([...this.#applications.values()].map((application) => application.close(CLOSE_GRACE_MS)));
    await closeAll();
    // A plan that was being applied ends at once when nothing starts any more; what it added is closed too.
    await this.#turns.settle();
    await closeAll();
  }

  #hooks(): ApplicationHooks {
    return {
      dependencies: this.#dependencies,
      save: async (desired) => {
        await this.#desired.put(desired.name, desired);
      },
      reservedPorts: (except) => this.#reservedPorts(except),
      changed: ({ name }) => this.#hub.changed(name),
    };
  }

  #reservedPorts(except: string): ReadonlySet<number> {
    const ports = new Set<number>();
    for (const application of this.#applications.values()) {
      for (const [component, port] of application.ports)
        if (unitName(application.name, component) !== except) ports.add(port);
    }
    return ports;
  }

  #prepare(source: Source): Promise<Deployment> {
    const { chains, clock, dataDirectory } = this.#dependencies;
    const reservedPorts = (except: string): ReadonlySet<number> => this.#reservedPorts(except);
    return prepareDeployment(source, { chains, clock, dataDirectory, applications: this.#applications, reservedPorts });
  }

  /** The work goes on when the caller leaves: a plan is applied whole. */
  async *#deploy(source: Source, { signal }: Call): AsyncGenerator<DeployProgress> {
    // Whose turn it is depends on the name, which the manifest tells; it is read again when the turn has come.
    const { manifest } = await readManifest(source);
    const queue = new ProgressQueue<DeployProgress>();
    const applying = this.#inTurn(manifest.name, async () => {
      const deployment = await this.#prepare(source);
      queue.push({ kind: 'plan', plan: deployment.plan });
      return this.#apply(deployment, (index, state) => queue.push({ kind: 'step', index, state }));
    });
    applying.then(queue.end, queue.end);
    yield* queue.items();
    const application = await applying;
    const { clock, readyTimeoutMs: timeoutMs = READY_TIMEOUT_MS } = this.#dependencies;
    yield* waitForReady(application, { clock, timeoutMs, signal });
    if (!signal.aborted) yield { kind: 'done', status: application.status() };
  }

  async #apply(
    { wanted, plan, desired, chainPlans }: Deployment,
    onStep: (index: number, state: 'started' | 'done') => void,
  ): Promise<Application> {
    const { manifest } = wanted;
    const current = this.#applications.get(desired.name);
    await writeWanted({ desired, manifest }, current, this.#desired, this.#dependencies);
    // It is wanted from now on: the next start brings it up. Nothing may start that nobody would stop.
    this.#requireOpen();
    const application = current ?? new Application(desired, manifest, this.#hooks());
    this.#applications.set(desired.name, application);
    await application.apply(desired, manifest, { plan, chainPlans }, onStep);
    this.#tellDeployed(plan);
    return application;
  }

  async #remove(name: string, caller: string): Promise<void> {
    const application = this.#require(name);
    this.#dependencies.log.info('deploy.remove', { application: name, caller });
    await this.#desired.delete(name);
    await application.close();
    this.#applications.delete(name);
    await removeCopies({ application: name }, this.#dependencies);
    await this.#dependencies.registry.withdraw({ application: name });
    this.#hub.changed(name);
    await this.#tell(name, `removed ${name}`);
  }

  #tellDeployed({ application, release, steps }: Plan): void {
    const parts = (['start', 'restart', 'stop'] as const).flatMap((kind) => {
      const names = steps.flatMap((step) => (step.kind === kind ? [step.unit.split('/')[1] ?? step.unit] : []));
      return names.length === 0 ? [] : [`${PAST[kind]} ${names.join(', ')}`];
    });
    if (parts.length > 0)
      void this.#tell(application, `deployed ${application} release ${release}: ${parts.join('; ')}`);
  }

  async #tell(application: string, text: string): Promise<void> {
    const { journal, log } = this.#dependencies;
    await journal({ kind: 'deploy', application, subject: application, text }).catch((error: unknown) =>
      log.error('deploy.journal-failed', { application, text, error: describeError(error) }),
    );
  }

  #noteCommand(unit: DeployUnit, command: 'restart' | 'stop' | 'kill', caller: string): void {
    this.#dependencies.log.info(`deploy.${command}`, { unit: unit.name, caller });
    unit.note(`${command} asked for by ${caller}`);
  }

  #inTurn<T>(application: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.run(application, async () => {
      this.#requireOpen();
      return work();
    });
  }

  #requireOpen(): void {
    if (this.#closing.signal.aborted)
      throw new OperatingError('unavailable', 'Plumb is stopping: try again when it runs');
  }

  #require(name: string): Application {
    const application = this.#applications.get(name);
    if (application !== undefined) return application;
    const nearest = nearestWord(name, [...this.#applications.keys()]);
    const hint = nearest === undefined ? 'see "plumb status" for those that are' : `did you mean "${nearest}"?`;
    throw new OperatingError('not-found', `no application named "${name}" is deployed: ${hint}`);
  }

  #requireUnit(application: string, component: string): DeployUnit {
    const { units } = this.#require(application);
    const names = units.map((unit) => unit.component.name);
    const unit = units.find((candidate) => candidate.component.name === component);
    if (unit !== undefined) return unit;
    assert(names.length > 0, 'an application has a unit');
    throw new OperatingError('not-found', `${application} has no unit "${component}": it has ${names.join(', ')}`);
  }
}

const PAST = { start: 'started', restart: 'restarted', stop: 'stopped' } as const;
