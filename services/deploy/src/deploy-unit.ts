/**
 * One process or chain node of an application on this host: the supervisor's unit, its instance in the dictionary, its
 * log, and its health. It knows its application only through `Neighbourhood`.
 */
import path from 'node:path';
import { assert, describeError, formatDuration, newId } from '@plumb/base';
import { DEFAULT_ENVIRONMENT, type FileSpec } from '@plumb/manifest';
import { type Health, serviceName } from '@plumb/registry';
import {
  describeExit,
  httpProbe,
  type LogFile,
  openLogFile,
  startUnit,
  tcpProbe,
  type Unit,
  type UnitEvent,
  type UnitLaunch,
} from '@plumb/supervise';
import { secretsEnvironment } from './application-secrets.ts';
import { ChainRun, type PlannedChain } from './chain-run.ts';
import { type Component, unitName, urlOf } from './component.ts';
import type { UnitStatus } from './contract.ts';
import type { DeployDependencies, InstanceAccess, JournalNote } from './dependencies.ts';
import { HealStory } from './heal-story.ts';
import { lastWords } from './last-words.ts';
import { type InstanceLease, openInstanceLease } from './instance-lease.ts';
import { HOST } from './ports.ts';
import { fillEnvironment, identityEnvironment } from './unit-environment.ts';
import { UnitFiles } from './unit-files.ts';
import { type HealthFacts, viewHealth, viewState } from './unit-health.ts';

/** What a deploy can change of a unit. */
export type UnitSettings = {
  readonly component: Component;
  readonly release: string;
  readonly directory: string;
  readonly environment: string;
};

/** What a unit asks of its application. */
export type Neighbourhood = {
  readonly application: string;
  readonly find: (component: string) => DeployUnit | undefined;
  /** The component's port: where it is free now, or another when it may be any. @throws OperatingError `conflict`. */
  readonly takePort: (component: string) => Promise<number>;
  /** The port that was taken last. */
  readonly portOf: (component: string) => number | undefined;
  /** Something of the unit's status may differ from what it was; `isHealth`: its health does. */
  readonly changed: (unit: DeployUnit, isHealth: boolean) => void;
  /** Resolves when `check` holds, looking at each change; rejects when `signal` aborts. */
  readonly until: (check: () => boolean, signal: AbortSignal) => Promise<void>;
};

/** Lines in which a unit's last words are looked for: enough for an error above its stack. */
const WORDS_LINES = 50;

export class DeployUnit {
  readonly name: string;
  readonly lines: LogFile;
  readonly #dependencies: DeployDependencies;
  readonly #neighbourhood: Neighbourhood;
  readonly #story: HealStory;
  #settings: UnitSettings;
  #unit: Unit | undefined;
  /** Undefined for a process. */
  #chain: ChainRun | undefined;
  #access: InstanceAccess | undefined;
  /** Undefined for a process that is given none. */
  #files: UnitFiles | undefined;
  #lease: InstanceLease | undefined;
  #instanceId: string | undefined;
  /** Resolves when no instance that has ended is still in the dictionary. */
  #left: Promise<unknown> = Promise.resolve();
  #release: string;
  /** Epoch ms. */
  #startedAt = 0;
  #wasReady = false;
  #isDown = false;
  #waitsFor: readonly string[] = [];
  #crash: HealthFacts['crash'];
  #isClosed = false;
  #health: Health;

  constructor(settings: UnitSettings, neighbourhood: Neighbourhood, dependencies: DeployDependencies) {
    const { clock, log, dataDirectory } = dependencies;
    const { application } = neighbourhood;
    this.name = unitName(application, settings.component.name);
    this.#settings = settings;
    this.#release = settings.release;
    this.#neighbourhood = neighbourhood;
    this.#dependencies = dependencies;
    this.#story = new HealStory(this.name);
    this.#health = { state: 'unready', reason: 'it is stopped', sinceAt: clock.now() };
    const file = path.join(dataDirectory, 'logs', application, `${settings.component.name}.log`);
    this.lines = openLogFile({ file, log });
  }

  get component(): Component {
    return this.#settings.component;
  }

  get health(): Health {
    return this.#health;
  }

  /** Takes effect at the next start, or at once where no start is needed. `planned` is how a chain node is run. */
  configure(settings: UnitSettings, planned: PlannedChain | undefined): void {
    this.#settings = settings;
    this.#chain =
      settings.component.kind === 'chain'
        ? (this.#chain ?? new ChainRun(this.#dependencies, () => this.refresh()))
        : undefined;
    if (planned !== undefined) this.#chain?.use(planned);
    this.refresh();
  }

  start(): void {
    if (this.#isClosed) return;
    this.#story.forget();
    if (this.#unit === undefined) this.#unit = this.#startUnit();
    else this.#unit.start();
    this.refresh();
  }

  /** Stops gracefully and starts again. Resolves when the old copy is gone. */
  async restart(): Promise<void> {
    if (this.#unit === undefined || this.#unit.status().state === 'stopped') this.start();
    else {
      this.#story.forget();
      const restarted = this.#unit.restart();
      this.refresh();
      await restarted;
      this.refresh();
    }
  }

  async stop(graceMs?: number): Promise<void> {
    this.#story.forget();
    const stopped = this.#unit?.stop({ graceMs });
    this.refresh();
    await stopped;
    this.refresh();
  }

  kill(): boolean {
    return this.#unit?.kill() ?? false;
  }

  /** A line of Plumb's own in the unit's log. */
  note(line: string): void {
    this.lines.append({ at: this.#dependencies.clock.now(), stream: 'plumb', line });
  }

  /** Stops it within `graceMs`, takes it out of the dictionary, and lets its log go. */
  async close(graceMs?: number): Promise<void> {
    this.#isClosed = true;
    await this.stop(graceMs);
    await this.#unit?.[Symbol.asyncDispose]();
    await this.#endInstance();
    await this.#left;
    this.lines[Symbol.dispose]();
  }

  /** Looks again at everything that its health is made of, and tells whoever it concerns when it differs. */
  refresh(): void {
    const { state, reason } = viewHealth(this.#facts());
    const { state: before, reason: reasonBefore, sinceAt } = this.#health;
    const isHealth = state !== before || reason !== reasonBefore;
    if (isHealth) {
      const at = state === before ? sinceAt : this.#dependencies.clock.now();
      this.#health = { state, ...(reason === undefined ? {} : { reason }), sinceAt: at };
      this.#lease?.report(this.#health);
    }
    this.#neighbourhood.changed(this, isHealth);
  }

  status(): UnitStatus {
    const { component, release } = this.#settings;
    const { application, portOf } = this.#neighbourhood;
    const supervised = this.#unit?.status();
    const port = component.spec.port === undefined ? undefined : portOf(component.name);
    const exit = supervised?.lastExit;
    const chain = this.#chain?.facts;
    const isUp = supervised?.pid !== undefined && !this.#isDown;
    return {
      unit: this.name,
      application,
      component: component.name,
      kind: component.kind,
      state: viewState(this.#facts()),
      health: this.#health,
      ...(this.#instanceId === undefined ? {} : { instanceId: this.#instanceId }),
      ...(isUp ? { pid: supervised.pid } : {}),
      ...(port === undefined ? {} : { port, url: this.url(port) }),
      release: isUp ? this.#release : release,
      needs: component.needs.map((need) => unitName(application, need)),
      ...(isUp && supervised.startedAt !== undefined ? { startedAt: supervised.startedAt } : {}),
      restartsRecent: supervised?.restartsRecent ?? 0,
      restartsTotal: supervised?.restartsTotal ?? 0,
      ...(exit === undefined ? {} : { lastExit: { code: exit.code, signal: exit.signal, at: exit.at } }),
      ...(chain === undefined ? {} : { chain }),
    };
  }

  url(port: number): string {
    return this.#chain?.urlAt(port) ?? urlOf(this.component, port);
  }

  #facts(): HealthFacts {
    const stopped = {
      state: 'stopped',
      readiness: { ready: false, reason: 'it is stopped' },
      lastExit: undefined,
    } as const;
    return {
      supervised: this.#unit?.status() ?? stopped,
      isDown: this.#isDown,
      waitsFor: this.#waitsFor,
      troubles: this.#unreadyNeeds().map(({ need, health }) => {
        if (health === undefined) return `${need} is absent`;
        return `${need} is ${health.state}${health.reason === undefined ? '' : `: ${health.reason}`}`;
      }),
      chainHealth: this.#chain?.health,
      crash: this.#crash,
    };
  }

  #unreadyNeeds(): { readonly need: string; readonly health: Health | undefined }[] {
    return this.component.needs
      .map((need) => ({ need, health: this.#neighbourhood.find(need)?.health }))
      .filter(({ health }) => health?.state !== 'ready');
  }

  #startUnit(): Unit {
    const { clock, random, log, owner, restartPolicy } = this.#dependencies;
    const onLine = (stream: 'stdout' | 'stderr', line: string): void => {
      this.lines.append({ at: clock.now(), stream, line });
    };
    const prepare = (signal: AbortSignal): Promise<UnitLaunch> => this.#prepare(signal);
    return startUnit(
      { name: this.name, owner, prepare, policy: restartPolicy },
      { clock, random, log, onEvent: (event) => this.#onEvent(event), onLine },
    );
  }

  async #prepare(signal: AbortSignal): Promise<UnitLaunch> {
    await this.#endInstance();
    await this.#waitForNeeds(signal);
    const { component, release, directory } = this.#settings;
    const { application, takePort } = this.#neighbourhood;
    const port = component.spec.port === undefined ? undefined : await takePort(component.name);
    this.#instanceId = `${application}-${component.name}-${newId(this.#dependencies.clock.now())}`;
    this.#release = release;
    if (component.kind === 'chain' && this.#chain !== undefined) {
      const node = { application, name: component.name, spec: component.spec, port: port ?? 0, directory };
      const { plan, readiness } = await this.#chain.prepare(node);
      const { command, stopGraceMs } = plan;
      return { command, directory, env: { ...this.#environment(port), ...plan.env }, readiness, stopGraceMs };
    }
    assert(component.kind === 'process', 'a chain has what makes it one');
    const { command, readinessProbe, stopGraceMs } = component.spec;
    const instance = { application, component: component.name, instanceId: this.#instanceId };
    this.#access = await this.#dependencies.openInstance(instance);
    const { environment } = this.#settings;
    const secrets = await secretsEnvironment({ ...instance, environment }, this.#dependencies);
    await this.#prepareFiles(component.spec.files, secrets['PLUMB_AGE_KEY'] ?? '');
    const own = fillEnvironment(component.spec.env, (name) => this.#addressOf(name));
    const env = { ...this.#environment(port), ...this.#access.env, ...secrets, ...own };
    if (readinessProbe === undefined || port === undefined) {
      return { command, directory, env, readiness: undefined, stopGraceMs };
    }
    const { kind, path: probePath, periodMs, timeoutMs } = readinessProbe;
    const check = kind === 'http' ? httpProbe(`http://${HOST}:${port}${probePath}`) : tcpProbe({ host: HOST, port });
    return { command, directory, env, readiness: { check, periodMs, timeoutMs }, stopGraceMs };
  }

  /** Makes the files of the process, which cannot start without them. */
  async #prepareFiles(files: readonly FileSpec[], identity: string): Promise<void> {
    if (files.length === 0 || this.#access === undefined || this.#instanceId === undefined) return;
    const { component, environment, directory, release } = this.#settings;
    const { application } = this.#neighbourhood;
    const instance = { application, component: component.name, instanceId: this.#instanceId, release };
    const { config } = this.#access;
    const note = (line: string): void => this.note(line);
    // Of the environment "default" there is no layer.
    const place = environment === DEFAULT_ENVIRONMENT ? undefined : environment;
    const options = { ...instance, environment: place, files, directory, config, identity, note };
    this.#files = new UnitFiles(options, this.#dependencies);
    await this.#files.renderAll();
  }

  /**
   * Once for all files of a change set; a start reads all of them. A process that was not ready yet is started again: where it
   * does not listen for a signal so far, that would end it.
   */
  #reload(files: readonly FileSpec[]): void {
    const names = files.map(({ to }) => to).join(', ');
    const pid = this.#unit?.status().pid;
    const isAsked = files.some(({ reload }) => reload !== 'none');
    if (files.some(({ reload }) => reload === 'restart') || (isAsked && !this.#wasReady)) {
      this.note(`is restarted: ${names} changed`);
      void this.restart();
      return;
    }
    for (const signal of new Set(files.map(({ reload }) => reload))) {
      if (signal === 'none' || signal === 'restart' || pid === undefined) continue;
      this.note(`is sent ${signal}: ${names} changed`);
      try {
        process.kill(pid, signal);
      } catch (error) {
        this.note(`was not sent ${signal}: ${describeError(error)}`);
      }
    }
  }

  async #waitForNeeds(signal: AbortSignal): Promise<void> {
    const look = (): boolean => {
      const before = this.#waitsFor.join();
      this.#waitsFor = this.#unreadyNeeds().map(({ need }) => need);
      if (this.#waitsFor.join() !== before) this.refresh();
      return this.#waitsFor.length === 0;
    };
    try {
      if (!look()) this.note(`waits for ${this.#waitsFor.join(', ')}`);
      await this.#neighbourhood.until(look, signal);
    } finally {
      this.#waitsFor = [];
    }
  }

  #environment(port: number | undefined): Readonly<Record<string, string>> {
    const { component, environment } = this.#settings;
    const { application } = this.#neighbourhood;
    const instanceId = this.#instanceId ?? '';
    const identity = { application, component: component.name, instanceId, environment, release: this.#release, port };
    return { ...this.#dependencies.baseEnvironment, ...identityEnvironment(identity) };
  }

  #addressOf(component: string): { readonly url: string; readonly port: number } {
    const port = this.#neighbourhood.portOf(component) ?? 0;
    return { url: this.#neighbourhood.find(component)?.url(port) ?? '', port };
  }

  #onEvent(event: UnitEvent): void {
    switch (event.kind) {
      case 'started':
        this.#isDown = false;
        this.#startedAt = this.#dependencies.clock.now();
        this.#wasReady = false;
        this.note(`started as process ${event.pid}, release ${this.#release}`);
        this.#openLease();
        this.#files?.follow((files) => this.#reload(files));
        break;
      case 'ready':
        // Of a later readiness, the time since the start says nothing.
        this.note(this.#wasReady ? 'ready again' : `ready after ${formatDuration(event.afterMs)}`);
        this.#wasReady = true;
        this.#tell('heal', this.#story.ready(this.#dependencies.clock.now()));
        break;
      case 'unready':
        this.note(`not ready: ${event.reason}`);
        break;
      case 'exited':
        void this.#endInstance();
        this.#isDown = !event.isAsked;
        this.#chain?.ended();
        if (!event.isAsked) this.#story.died(event.exit);
        this.note(describeExit(event.exit));
        break;
      case 'restarting':
        this.note(`is started again in ${formatDuration(event.delayMs)}`);
        break;
      case 'crashed':
        this.#crash = { ...event, words: lastWords(this.lastLines(WORDS_LINES)) };
        this.#tell('give-up', this.#story.gaveUp(event, this.#crash.words));
        break;
      case 'stopped':
        this.#isDown = false;
        void this.#endInstance();
        this.note('stopped');
        break;
    }
    this.refresh();
  }

  /** The last lines that the unit itself printed since its last start, oldest first. */
  lastLines(count: number): string[] {
    // Plumb's own lines stand between them: a few after each start and each end.
    const recent = this.lines
      .tail(count * 10 + 50)
      .filter(({ stream, at }) => stream !== 'plumb' && at >= this.#startedAt);
    return recent.slice(-count).map(({ line }) => line);
  }

  #tell(kind: JournalNote['kind'], text: string | undefined): void {
    if (text === undefined) return;
    if (kind === 'give-up') this.note(text);
    const { journal, log } = this.#dependencies;
    log.info(`deploy.${kind}`, { unit: this.name, text });
    journal({ kind, application: this.#neighbourhood.application, subject: this.name, text }).catch((error: unknown) =>
      log.error('deploy.journal-failed', { unit: this.name, text, error: describeError(error) }),
    );
  }

  #openLease(): void {
    const { component } = this.#settings;
    const { application, portOf } = this.#neighbourhood;
    const port = component.spec.port === undefined ? undefined : portOf(component.name);
    if (port === undefined || this.#instanceId === undefined) return;
    const { hostName, registry, clock, log } = this.#dependencies;
    const registration = {
      service: serviceName(application, component.name),
      address: HOST,
      port,
      instanceId: this.#instanceId,
      host: hostName,
      release: this.#release,
      ...(this.#access?.publicKey !== undefined && { publicKey: this.#access.publicKey }),
    };
    const health: Health = { state: 'starting', reason: 'it has just started', sinceAt: clock.now() };
    this.#lease = openInstanceLease(registration, health, { registry, clock, log });
  }

  /** Takes the instance out of the dictionary, and its token back. Safe to call twice. */
  async #endInstance(): Promise<void> {
    const [lease, access, files] = [this.#lease, this.#access, this.#files];
    this.#lease = undefined;
    this.#access = undefined;
    this.#files = undefined;
    this.#instanceId = undefined;
    const { log } = this.#dependencies;
    const leaving = Promise.all([
      lease?.end(),
      files?.close(),
      access?.close().catch((error: unknown) => log.warn('deploy.access-close', { error: describeError(error) })),
    ]);
    this.#left = Promise.all([this.#left, leaving]);
    await leaving;
  }
}
