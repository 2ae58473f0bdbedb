/**
 * A program's place in the dictionary: it joins, joins again whenever the connection or the dictionary was lost, and says
 * what changed of it. No sockets: `join-registry.ts` gives it a client.
 */
import { type Clock, describeError, type Log, type Random, sleep } from '@plumb/base';
import { isRetryable, resubscribe } from '@plumb/rpc';
import type { Briefing, Registered, Registration, RegistryClient } from './contract.ts';
import type { Health } from './dictionary-schemas.ts';

/** After a refusal, such as a service that is not declared any more, which a person has to mend. */
const REFUSED_RETRY_MS = 5_000;
/** A goodbye that takes longer is left to the end of the connection, which says the same a second later. */
const LEAVE_TIMEOUT_MS = 1_000;

/** Where a program offers its service. */
export type Announcement = Pick<Registration, 'address' | 'port' | 'zone' | 'tags' | 'facts' | 'publicKey'>;

export type MembershipOptions = {
  readonly registry: Pick<RegistryClient, 'join' | 'reportHealth' | 'deregister'>;
  readonly registration: Pick<Registration, 'service' | 'application' | 'release' | 'host' | 'coordinates'> & {
    readonly instanceId: string;
  };
  /** Hears of the peers of each answer. */
  readonly onBriefing: (briefing: Briefing) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export class Membership {
  readonly #options: MembershipOptions;
  #announcement: Announcement | undefined;
  #health: Health | undefined;
  #stop: AbortController | undefined;
  #staying: Promise<void> = Promise.resolve();

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Joins, or says that it is somewhere else. @throws OperatingError when it is refused the first time. */
  async announce(announcement: Announcement, health?: Health): Promise<Registered> {
    this.#announcement = announcement;
    this.#health = health ?? this.#health;
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    const first = Promise.withResolvers<Registered>();
    this.#staying = this.#stay(first, stop.signal);
    return first.promise;
  }

  /** Kept, and said again when it joins again. */
  async reportHealth(health: Health): Promise<void> {
    this.#health = health;
    if (this.#announcement === undefined) return;
    const { registry, registration, log } = this.#options;
    try {
      await registry.reportHealth({ instanceId: registration.instanceId, health });
    } catch (error) {
      log.debug('registry.report-failed', { error: describeError(error) });
    }
  }

  /** Safe to call twice. */
  async leave(): Promise<void> {
    const stop = this.#stop;
    if (stop === undefined || stop.signal.aborted) return;
    const { registry, registration, log } = this.#options;
    try {
      await registry.deregister({ instanceId: registration.instanceId }, { timeoutMs: LEAVE_TIMEOUT_MS });
    } catch (error) {
      log.debug('registry.leave-failed', { error: describeError(error) });
    }
    stop.abort();
    await this.#staying;
  }

  async #stay(first: PromiseWithResolvers<Registered>, signal: AbortSignal): Promise<void> {
    const { onBriefing, clock, random, log } = this.#options;
    let hasJoined = false;
    while (!signal.aborted) {
      try {
        for await (const registered of resubscribe((until) => this.#join(until), { clock, random, signal, log })) {
          hasJoined = true;
          onBriefing(registered);
          first.resolve(registered);
        }
      } catch (error) {
        if (signal.aborted) break;
        if (!hasJoined && !isRetryable(error)) return first.reject(error);
        log.error('registry.join-refused', { error: describeError(error), retryMs: REFUSED_RETRY_MS });
      }
      if (!signal.aborted) await sleep(clock, REFUSED_RETRY_MS, signal);
    }
    first.reject(signal.reason);
  }

  #join(signal: AbortSignal): AsyncIterable<Registered> {
    const { registry, registration } = this.#options;
    if (this.#announcement === undefined) throw new TypeError('what joins is announced');
    const health = this.#health && { health: this.#health };
    return registry.join({ ...registration, ...this.#announcement, ...health }, { signal });
  }
}
