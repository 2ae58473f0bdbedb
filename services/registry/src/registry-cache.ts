/**
 * Services that this program talks to, in its own memory: each is followed from the first question on, so that a look-up
 * costs no round trip, and what was known last stays good while the dictionary is away.
 */
import { type Clock, describeError, type Log, OperatingError, type Random, sleep, withAbort } from '@plumb/base';
import { type Endpoint, type Resolver, resubscribe } from '@plumb/rpc';
import type { RegistryClient, ServiceEvent } from './contract.ts';
import type { Instance } from './dictionary-schemas.ts';
import { orderInstances, type Place } from './order-instances.ts';
import { toEndpoints } from './registry-resolver.ts';

/** Services followed at a time: more than a program talks to; one more is refused with `exhausted`. */
const SERVICES_MAX = 1_024;
/** Before a service that was withdrawn, or refused, is asked for again. */
const RETRY_MS = 5_000;

export type RegistryCacheOptions = {
  readonly registry: Pick<RegistryClient, 'watchService'>;
  /** Where this program is: those near come first, and get its calls. */
  readonly near?: Place | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

type Waiter = () => void;

class FollowedService {
  readonly instances = new Map<string, Instance>();
  readonly known = Promise.withResolvers<void>();
  readonly #near: Place | undefined;
  readonly #waiters = new Set<Waiter>();
  #ordered: readonly Instance[] | undefined;
  isKnown = false;

  constructor(near: Place | undefined) {
    this.#near = near;
    this.known.promise.catch(() => undefined);
  }

  /** The same list until something changes. */
  get ordered(): readonly Instance[] {
    return (this.#ordered ??= orderInstances([...this.instances.values()], this.#near));
  }

  apply(event: ServiceEvent): void {
    if (event.kind === 'snapshot') this.instances.clear();
    else for (const id of event.removed) this.instances.delete(id);
    for (const instance of event.instances) this.instances.set(instance.id, instance);
    this.changed();
  }

  changed(): void {
    this.#ordered = undefined;
    this.isKnown = true;
    this.known.resolve();
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  /** Resolves at the next change, and when `signal` aborts. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#waiters.add(wake);
    signal.addEventListener('abort', wake);
    await promise;
    signal.removeEventListener('abort', wake);
    this.#waiters.delete(wake);
  }
}

export class RegistryCache implements Disposable {
  readonly #options: RegistryCacheOptions;
  readonly #services = new Map<string, FollowedService>();
  readonly #stop = new AbortController();

  constructor(options: RegistryCacheOptions) {
    this.#options = options;
  }

  /** The ready instances, nearest first, as they are known; undefined for a service that was never asked for. */
  get(service: string): readonly Instance[] | undefined {
    const followed = this.#services.get(service);
    return followed?.isKnown === true ? followed.ordered : undefined;
  }

  /**
   * The ready instances, nearest first: from memory, or from the dictionary at the first time.
   * @throws OperatingError `not-found` for a service that is neither declared nor seen, `exhausted` for one too many, and
   * the reason of `signal`.
   */
  async require(
    service: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<readonly Instance[]> {
    const followed = this.#follow(service);
    if (!followed.isKnown)
      await (signal === undefined ? followed.known.promise : withAbort(followed.known.promise, signal));
    return followed.ordered;
  }

  /** For `connect('registry:NAME', { resolver })`: the instances as `tcp://ADDRESS:PORT`, with their keys; the nearest get the calls. */
  readonly resolver: Resolver = (service, signal) => this.#resolve(service, signal);

  /** What is known of a service before it is asked for. */
  seed(service: string, instances: readonly Instance[]): void {
    if (this.#services.has(service)) return;
    const followed = this.#follow(service);
    followed.apply({ kind: 'snapshot', revision: 0, instances: [...instances] });
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new OperatingError('unavailable', 'the connection to the dictionary was closed by this side'));
  }

  async *#resolve(service: string, signal: AbortSignal): AsyncGenerator<readonly Endpoint[]> {
    await this.require(service, { signal });
    let told: readonly Instance[] | undefined;
    while (!signal.aborted && !this.#stop.signal.aborted) {
      const followed = this.#follow(service);
      if (followed.ordered === told) {
        await followed.next(AbortSignal.any([signal, this.#stop.signal]));
        continue;
      }
      told = followed.ordered;
      yield toEndpoints(told, this.#options.near ?? {});
    }
  }

  #follow(service: string): FollowedService {
    const existing = this.#services.get(service);
    if (existing !== undefined) return existing;
    if (this.#services.size >= SERVICES_MAX)
      throw new OperatingError(
        'exhausted',
        `${SERVICES_MAX} services are followed already: ${service} is one too many`,
      );
    const followed = new FollowedService(this.#options.near);
    this.#services.set(service, followed);
    void this.#run(service, followed);
    return followed;
  }

  async #run(service: string, followed: FollowedService): Promise<void> {
    const { registry, clock, random, log } = this.#options;
    const { signal } = this.#stop;
    const watch = (until: AbortSignal): AsyncIterable<ServiceEvent> =>
      registry.watchService({ service }, { signal: until });
    while (!signal.aborted) {
      try {
        for await (const event of resubscribe(watch, { clock, random, signal, log })) followed.apply(event);
      } catch (error) {
        if (signal.aborted) break;
        if (!followed.isKnown) {
          // Who asks again is told again: nothing is kept of a name that may have been misspelt.
          this.#services.delete(service);
          return followed.known.reject(error);
        }
        log.warn('registry.follow-refused', { service, error: describeError(error) });
        const isWithdrawn = error instanceof OperatingError && error.code === 'not-found';
        if (isWithdrawn && followed.instances.size > 0)
          followed.apply({ kind: 'snapshot', revision: 0, instances: [] });
      }
      await sleep(clock, RETRY_MS, signal);
    }
    followed.known.reject(signal.reason);
  }
}
