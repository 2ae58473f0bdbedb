/**
 * A unit is a process that is meant to run: it is started, asked whether it is ready, started again when it ends by
 * itself, and given up when it does so too often. One loop per unit, so at no time are there two copies: a copy is only
 * started when nothing is left of the one before.
 *
 * A person's commands (`start`, `stop`, `restart`) give it a fresh crash-loop budget; `kill` is a failure like any
 * other. It does not know who needs whom: `prepare` may wait for that.
 */
import { type Clock, describeError, type Log, type Random, sleep } from '@plumb/base';
import { OWNER_VARIABLE } from './orphans.ts';
import type { Readiness } from './probe.ts';
import { type ReadinessSpec, watchReadiness } from './readiness-watch.ts';
import {
  decideRestart,
  DEFAULT_RESTART_POLICY,
  EMPTY_HISTORY,
  recentExits,
  type RestartHistory,
  type RestartPolicy,
} from './restart-policy.ts';
import { type Exit, RunningProcess } from './running-process.ts';
import { type Launch, spawnProcess } from './spawn-process.ts';

export type UnitLaunch = Launch & {
  /** Absent: ready as soon as it runs. */
  readonly readiness: ReadinessSpec | undefined;
  readonly stopGraceMs: number;
};

export type UnitSpec = {
  /** For the log. */
  readonly name: string;
  /** Put into the environment of the process, for `killOrphans`. */
  readonly owner: string;
  /** Asked before each start; may wait, until `signal` aborts. When it rejects, that counts as a failed start. */
  readonly prepare: (signal: AbortSignal) => Promise<UnitLaunch>;
  readonly policy?: RestartPolicy | undefined;
};

/**
 * `starting`: a copy is prepared or runs, and was not ready yet. `running`: it was. `backoff`: the next start is waited
 * for. `crashed`: the budget is spent; it stays down until a person starts it.
 */
export type SupervisedState = 'starting' | 'running' | 'backoff' | 'stopping' | 'stopped' | 'crashed';

export type UnitEvent =
  | { readonly kind: 'started'; readonly pid: number }
  /** `afterMs` since the start of this copy. */
  | { readonly kind: 'ready'; readonly afterMs: number }
  | { readonly kind: 'unready'; readonly reason: string }
  /** Told the moment that it is seen. `isAsked`: by `stop`, `restart` or the end of the supervisor. */
  | { readonly kind: 'exited'; readonly exit: Exit; readonly isAsked: boolean }
  | { readonly kind: 'restarting'; readonly delayMs: number }
  | { readonly kind: 'crashed'; readonly exitCount: number; readonly withinMs: number; readonly exit: Exit }
  | { readonly kind: 'stopped' };

export type UnitDependencies = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Called after `status` shows it. Must not throw. */
  readonly onEvent: (event: UnitEvent) => void;
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
};

export type SupervisedStatus = {
  readonly state: SupervisedState;
  readonly pid: number | undefined;
  /** Epoch ms of the present copy's start. */
  readonly startedAt: number | undefined;
  readonly readiness: Readiness;
  /** Starts by the supervisor itself, within the policy's window and since a person's last command. */
  readonly restartsRecent: number;
  readonly restartsTotal: number;
  readonly lastExit: Exit | undefined;
};

export type Unit = AsyncDisposable & {
  readonly status: () => SupervisedStatus;
  /** Starts a unit that is stopped, crashed or being stopped; does nothing to another. Of commands that cross the last counts. */
  readonly start: () => void;
  /** Resolves when nothing of it is left. `graceMs` can shorten the grace that the launch gave. Safe to call twice. */
  readonly stop: (options?: { readonly graceMs?: number | undefined }) => Promise<void>;
  /** Stops gracefully, then starts with a fresh budget. Resolves when the old copy is gone. */
  readonly restart: () => Promise<void>;
  /** SIGKILL to the whole group, which then counts as a crash. False when nothing runs. */
  readonly kill: () => boolean;
};

const NOT_STARTED: Readiness = { ready: false, reason: 'not started yet' };

/** Starts the unit. It runs until it is disposed of, which stops it within its grace. */
export function startUnit(spec: UnitSpec, dependencies: UnitDependencies): Unit {
  const unit = new SupervisedUnit(spec, dependencies);
  return {
    status: () => unit.status(),
    start: () => unit.start(),
    stop: ({ graceMs } = {}) => unit.stop(graceMs),
    restart: () => unit.restart(),
    kill: () => unit.kill(),
    [Symbol.asyncDispose]: () => unit.close(),
  };
}

class SupervisedUnit {
  readonly #spec: UnitSpec;
  readonly #dependencies: UnitDependencies;
  readonly #policy: RestartPolicy;
  readonly #loop: Promise<void>;
  #state: SupervisedState = 'starting';
  #readiness: Readiness = NOT_STARTED;
  #history: RestartHistory = EMPTY_HISTORY;
  #restartsTotal = 0;
  #lastExit: Exit | undefined;
  #startedAt: number | undefined;
  #readySince: number | undefined;
  #running: RunningProcess | undefined;
  #graceMs = 0;
  #isWanted = true;
  #isClosed = false;
  /** A restart starts it only when no later command says otherwise. */
  #commandCount = 0;
  /** Aborted by `stop`: ends the wait for needs, for a restart, or the copy that runs. */
  #attempt = new AbortController();
  /** Resolved by each command, for a loop that has nothing to run. */
  #command = Promise.withResolvers<void>();
  /** Resolved when the loop has nothing that runs. */
  #idle = Promise.withResolvers<void>();

  constructor(spec: UnitSpec, dependencies: UnitDependencies) {
    this.#spec = spec;
    this.#dependencies = dependencies;
    this.#policy = spec.policy ?? DEFAULT_RESTART_POLICY;
    this.#loop = this.#run();
  }

  status(): SupervisedStatus {
    const recent = recentExits(this.#policy, this.#history, this.#dependencies.clock.monotonicMs());
    return {
      state: this.#state,
      pid: this.#running?.pid,
      startedAt: this.#startedAt,
      readiness: this.#readiness,
      restartsRecent: Math.min(recent.length, this.#restartsTotal),
      restartsTotal: this.#restartsTotal,
      lastExit: this.#lastExit,
    };
  }

  start(): void {
    this.#commandCount += 1;
    if (this.#isClosed || (this.#isWanted && this.#state !== 'crashed')) return;
    this.#isWanted = true;
    this.#history = EMPTY_HISTORY;
    this.#restartsTotal = 0;
    if (this.#state === 'crashed' || this.#state === 'stopped') {
      this.#state = 'starting';
      this.#readiness = NOT_STARTED;
    }
    this.#command.resolve();
  }

  async restart(): Promise<void> {
    const stopped = this.stop();
    const own = this.#commandCount;
    await stopped;
    if (this.#commandCount === own) this.start();
  }

  async stop(graceMs = Infinity): Promise<void> {
    this.#commandCount += 1;
    this.#isWanted = false;
    this.#attempt.abort();
    this.#command.resolve();
    if (this.#running !== undefined) {
      this.#state = 'stopping';
      this.#running.stop(Math.min(graceMs, this.#graceMs));
    }
    await this.#idle.promise;
  }

  kill(): boolean {
    this.#running?.kill();
    return this.#running !== undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.stop();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      if (!this.#isWanted || this.#state === 'crashed') {
        await this.#rest();
        continue;
      }
      const exit = await this.#runOnce();
      if (exit !== undefined && !this.#attempt.signal.aborted) await this.#afterDeath(exit);
      // Also where it was asked to end while it waited for its next start.
      if (this.#attempt.signal.aborted) this.#endStop();
    }
    if (this.#state !== 'stopped') this.#enter('stopped', { kind: 'stopped' });
    this.#idle.resolve();
  }

  /** What was asked to end has ended. It may have been started again meanwhile. */
  #endStop(): void {
    if (!this.#isWanted) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }

  /** Waits for a command. A crashed unit that is stopped becomes a stopped one. */
  async #rest(): Promise<void> {
    if (!this.#isWanted && this.#state !== 'stopped') this.#enter('stopped', { kind: 'stopped' });
    this.#command = Promise.withResolvers<void>();
    this.#idle.resolve();
    await this.#command.promise;
    if (!this.#isWanted || this.#isClosed) return;
    this.#idle = Promise.withResolvers<void>();
    this.#state = 'starting';
  }

  /** One copy, from its preparation to its end. Undefined when it was stopped before there was one. */
  async #runOnce(): Promise<Exit | undefined> {
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    this.#state = 'starting';
    this.#readiness = NOT_STARTED;
    this.#readySince = undefined;
    const spawned = await this.#spawn(signal);
    if (spawned.kind === 'failed') return signal.aborted ? undefined : this.#died(spawned.reason);
    const { launch, child, pid } = spawned;
    const { clock, log, onLine } = this.#dependencies;
    const asking = new AbortController();
    const onExit = (exit: Exit): void => {
      asking.abort();
      this.#lastExit = exit;
      this.#readiness = { ready: false, reason: 'it has ended' };
      this.#dependencies.onEvent({ kind: 'exited', exit, isAsked: signal.aborted });
    };
    const running = new RunningProcess(child, pid, { clock, log, onLine, onExit });
    this.#running = running;
    this.#graceMs = launch.stopGraceMs;
    this.#startedAt = clock.now();
    this.#readiness = { ready: false, reason: 'it has just started' };
    this.#dependencies.onEvent({ kind: 'started', pid });
    if (signal.aborted) running.stop(launch.stopGraceMs);
    if (launch.readiness === undefined) this.#onReadiness({ ready: true }, asking.signal);
    else void watchReadiness(launch.readiness, clock, asking.signal, (it) => this.#onReadiness(it, asking.signal));
    await running.ended;
    this.#running = undefined;
    this.#startedAt = undefined;
    return this.#lastExit;
  }

  async #spawn(signal: AbortSignal): Promise<PreparedSpawn> {
    try {
      const launch = await this.#spec.prepare(signal);
      if (signal.aborted) return { kind: 'failed', reason: 'it was stopped' };
      const env = { ...launch.env, [OWNER_VARIABLE]: this.#spec.owner };
      const spawned = await spawnProcess({ ...launch, env });
      return spawned.kind === 'failed' ? spawned : { ...spawned, launch };
    } catch (error) {
      return { kind: 'failed', reason: describeError(error) };
    }
  }

  /** A start that failed counts like a death. */
  #died(reason: string): Exit {
    const exit: Exit = { code: null, signal: null, at: this.#dependencies.clock.now(), reason };
    this.#lastExit = exit;
    this.#readiness = { ready: false, reason };
    this.#dependencies.onEvent({ kind: 'exited', exit, isAsked: false });
    return exit;
  }

  #onReadiness(readiness: Readiness, signal: AbortSignal): void {
    if (signal.aborted) return;
    const now = this.#dependencies.clock.monotonicMs();
    this.#readiness = readiness;
    if (!readiness.ready) {
      this.#readySince = undefined;
      this.#dependencies.onEvent({ kind: 'unready', reason: readiness.reason });
      return;
    }
    this.#readySince = now;
    if (this.#state === 'starting') this.#state = 'running';
    const afterMs = this.#dependencies.clock.now() - (this.#startedAt ?? 0);
    this.#dependencies.onEvent({ kind: 'ready', afterMs });
  }

  async #afterDeath(exit: Exit): Promise<void> {
    const { clock, random, log } = this.#dependencies;
    const at = clock.monotonicMs();
    const readyForMs = this.#readySince === undefined ? 0 : at - this.#readySince;
    const decision = decideRestart(this.#policy, this.#history, { at, readyForMs }, random);
    this.#history = decision.history;
    if (decision.kind === 'give-up') {
      const { exitCount, withinMs } = decision;
      log.error('supervise.crashed', { unit: this.#spec.name, exitCount, withinMs });
      this.#enter('crashed', { kind: 'crashed', exitCount, withinMs, exit });
      return;
    }
    this.#restartsTotal += 1;
    this.#enter('backoff', { kind: 'restarting', delayMs: decision.delayMs });
    await sleep(clock, decision.delayMs, this.#attempt.signal);
  }

  #enter(state: SupervisedState, event: UnitEvent): void {
    this.#state = state;
    this.#dependencies.onEvent(event);
  }
}

type PreparedSpawn =
  | (Extract<Awaited<ReturnType<typeof spawnProcess>>, { kind: 'started' }> & { readonly launch: UnitLaunch })
  | { readonly kind: 'failed'; readonly reason: string };
