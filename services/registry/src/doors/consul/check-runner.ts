/**
 * Makes the checks of the agent's node happen: asks those over HTTP and TCP, lets those with a TTL expire, and takes out
 * services that are critical for too long. Level-triggered: what runs follows from the checks that there are. Time stands
 * still while Plumb does not run: after a restart a TTL, and the time of being critical, begin anew.
 */
import { type Clock, describeError, type Log, sleep, type Timer } from '@plumb/base';
import type { CheckRecord, CheckStatus } from './catalog-records.ts';
import type { CatalogView } from './catalog-view.ts';
import type { CatalogWriter } from './catalog-writer.ts';
import { CHECK_OUTPUT_PERIOD_MS, CHECKS_RUNNING_MAX } from './limits.ts';
import { type ActiveProbe, type ProbeOutcome, runProbe } from './probe.ts';
import { Semaphore } from './semaphore.ts';

export type CheckRunnerDependencies = {
  readonly view: CatalogView;
  readonly writer: CatalogWriter;
  /** The agent's. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the door closes. */
  readonly closing: AbortSignal;
};

type Running = {
  /** What it runs for: another definition is another run. */
  readonly definition: string;
  readonly stop: AbortController;
  deadline: Timer | undefined;
  removal: Timer | undefined;
  /** Said last, maybe not written yet. */
  output: string | undefined;
  outputAtMs: number;
  successes: number;
  failures: number;
};

export class CheckRunner {
  readonly #dependencies: CheckRunnerDependencies;
  readonly #running = new Map<string, Running>();
  readonly #places = new Semaphore(CHECKS_RUNNING_MAX);

  constructor(dependencies: CheckRunnerDependencies) {
    this.#dependencies = dependencies;
    dependencies.view.subscribe((touched) => {
      if (touched === undefined || touched.has(`node:${dependencies.node}`)) this.#sync();
    });
    dependencies.closing.addEventListener('abort', () => this.#stopAll());
  }

  /** What the check said last, where that is later than what is in the catalogue. */
  output(checkId: string): string | undefined {
    return this.#running.get(checkId)?.output;
  }

  /** Its owner tells how a check with a TTL is. */
  async report(check: CheckRecord, status: CheckStatus, output: string): Promise<void> {
    const running = this.#running.get(check.checkId);
    if (running !== undefined) this.#expectReport(check, running);
    await this.#write(check.checkId, status, output);
  }

  #sync(): void {
    const { view, node, closing } = this.#dependencies;
    if (closing.aborted) return;
    const checks = view.checksOn(node).filter(({ origin }) => origin === 'door');
    const there = new Set(checks.map(({ checkId }) => checkId));
    for (const checkId of this.#running.keys()) if (!there.has(checkId)) this.#stop(checkId);
    for (const check of checks) {
      const definition = JSON.stringify([check.probe, check.deregisterAfterMs, check.serviceId]);
      const known = this.#running.get(check.checkId);
      if (known?.definition !== definition) this.#start(check, definition);
      this.#planRemoval(check);
    }
  }

  #start(check: CheckRecord, definition: string): void {
    this.#stop(check.checkId);
    const running: Running = {
      definition,
      stop: new AbortController(),
      deadline: undefined,
      removal: undefined,
      output: undefined,
      outputAtMs: -Infinity,
      successes: 0,
      failures: 0,
    };
    this.#running.set(check.checkId, running);
    const { probe } = check;
    if (probe.kind === 'ttl') this.#expectReport(check, running);
    else if (probe.kind !== 'none') void this.#askAgainAndAgain(check.checkId, probe, running);
  }

  #stop(checkId: string): void {
    const running = this.#running.get(checkId);
    this.#running.delete(checkId);
    running?.stop.abort();
    running?.deadline?.cancel();
    running?.removal?.cancel();
  }

  #stopAll(): void {
    for (const checkId of this.#running.keys()) this.#stop(checkId);
  }

  #expectReport({ checkId, probe }: CheckRecord, running: Running): void {
    running.deadline?.cancel();
    if (probe.kind !== 'ttl') return;
    running.deadline = this.#dependencies.clock.after(probe.ttlMs, () => void this.#expire(checkId));
  }

  async #expire(checkId: string): Promise<void> {
    const said =
      this.#running.get(checkId)?.output ??
      this.#dependencies.view.check(this.#dependencies.node, checkId)?.output ??
      '';
    const output = `TTL expired (last output before timeout follows): ${said}`;
    await this.#tryWrite(checkId, 'critical', said.startsWith('TTL expired') ? said : output);
  }

  async #askAgainAndAgain(checkId: string, probe: ActiveProbe, running: Running): Promise<void> {
    const { clock } = this.#dependencies;
    const { signal } = running.stop;
    while (!signal.aborted) {
      const outcome = await this.#places.run(() => runProbe(probe, clock, signal));
      if (signal.aborted) return;
      const status = this.#statusAfter(checkId, outcome, running);
      await this.#tryWrite(checkId, status, outcome.output);
      await sleep(clock, probe.intervalMs, signal);
    }
  }

  /** One good try does not make a check pass, nor a bad one fail, where its owner wants more. */
  #statusAfter(checkId: string, { status }: ProbeOutcome, running: Running): CheckStatus {
    const check = this.#dependencies.view.check(this.#dependencies.node, checkId);
    running.successes = status === 'critical' ? 0 : running.successes + 1;
    running.failures = status === 'critical' ? running.failures + 1 : 0;
    if (check === undefined) return status;
    const isEnough =
      status === 'critical'
        ? running.failures > Math.max(0, check.failuresBeforeCritical - 1)
        : running.successes > Math.max(0, check.successBeforePassing - 1);
    return isEnough ? status : check.status;
  }

  async #tryWrite(checkId: string, status: CheckStatus, output: string): Promise<void> {
    try {
      await this.#write(checkId, status, output);
    } catch (error) {
      const { log, closing } = this.#dependencies;
      if (!closing.aborted) log.warn('consul.check-failed', { check: checkId, error: describeError(error) });
    }
  }

  /** A new output of the same status is kept here, and written now and then. */
  async #write(checkId: string, status: CheckStatus, output: string): Promise<void> {
    const { writer, node, clock, log } = this.#dependencies;
    const running = this.#running.get(checkId);
    if (running !== undefined) running.output = output;
    await writer.updateCheck(node, checkId, (check) => {
      if (check.status === status && check.output === output) return undefined;
      const nowMs = clock.monotonicMs();
      const isSoon = running !== undefined && nowMs - running.outputAtMs < CHECK_OUTPUT_PERIOD_MS;
      if (check.status === status && isSoon) return undefined;
      if (running !== undefined) running.outputAtMs = nowMs;
      if (check.status !== status) log.info('consul.check', { check: checkId, service: check.serviceName, status });
      return { ...check, status, output };
    });
  }

  #planRemoval({ checkId, serviceId, status, deregisterAfterMs }: CheckRecord): void {
    const running = this.#running.get(checkId);
    if (running === undefined) return;
    if (status !== 'critical' || deregisterAfterMs === 0 || serviceId === '') {
      running.removal?.cancel();
      running.removal = undefined;
      return;
    }
    const { clock, writer, node, log } = this.#dependencies;
    running.removal ??= clock.after(deregisterAfterMs, () => {
      log.info('consul.deregister-critical', { check: checkId, service: serviceId });
      void writer.deregisterService(node, serviceId).catch((error: unknown) => {
        log.warn('consul.deregister-failed', { service: serviceId, error: describeError(error) });
        running.removal = undefined;
      });
    });
  }
}
