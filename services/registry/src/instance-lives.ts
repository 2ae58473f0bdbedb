/**
 * The instances that this process answers for: their lives in memory, and what follows from them in the store. Changes of
 * one instance are made one after the other, and a change that the store refuses has not happened.
 *
 * Time is this process's own: an instance whose lease is over is gone within `SWEEP_MS_MIN` of it, and nobody is taken out
 * because the machine's clock was set.
 */
import { type Clock, describeError, type Log, OperatingError, type Timer, Turns } from '@plumb/base';
import type { Operation } from '@plumb/kv';
import { isDeepStrictEqual } from 'node:util';
import type { Instance } from './dictionary-schemas.ts';
import { atTime, type Claim, deadlineOf, instanceOf, type Life } from './instance-life.ts';
import type { RegistryHub } from './registry-hub.ts';
import { type Committed, instanceKey, type RegistryStore, requireCommitted } from './registry-store.ts';

/** Instances at a time: each costs about 2 KiB. More are refused with `exhausted`. */
const INSTANCES_MAX = 100_000;
/** Between two looks for leases that are over: at 100,000 instances a look takes some milliseconds. */
const SWEEP_MS_MIN = 100;
/** Before what the store refused is written again: soon, but no storm. */
const WRITE_RETRY_MS = 1_000;
/** After a restart, instances that joined have this long to come back: their connections try again within 5 s. */
export const RECOVERY_MS = 10_000;

export type InstanceLivesDependencies = {
  readonly store: RegistryStore;
  readonly hub: RegistryHub;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostName: string;
};

export class InstanceLives implements Disposable {
  readonly #dependencies: InstanceLivesDependencies;
  readonly #lives = new Map<string, Life>();
  readonly #turns = new Turns();
  /** Of these the store says something that is over. */
  readonly #unwritten = new Set<string>();
  #timer: Timer | undefined;
  #timerDueMs = Infinity;
  #sweptAtMs = -Infinity;
  #isClosed = false;

  constructor(dependencies: InstanceLivesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Undefined for one that has left, or is not known. */
  get(id: string): Life | undefined {
    const life = this.#lives.get(id);
    if (life === undefined) return undefined;
    const isListed = life.hasLeft || this.#dependencies.hub.view.instances.has(id);
    return isListed ? atTime(life, this.#dependencies.clock.monotonicMs()) : undefined;
  }

  /**
   * Takes over what an earlier run left. What it ran itself has ended with it; the others are given the time in which those
   * who live tell so.
   */
  async recover(): Promise<void> {
    const { store, hub, clock, log } = this.#dependencies;
    const nowMs = clock.monotonicMs();
    const found = [...hub.view.instances.values()];
    const dead = found.filter(({ keptBy }) => keptBy === 'supervisor');
    for (const instance of found)
      if (instance.keptBy !== 'supervisor') this.#set(instance.id, recoveredLife(instance, nowMs));
    for (let from = 0; from < dead.length; from += RECOVERY_BATCH) {
      const batch = dead.slice(from, from + RECOVERY_BATCH);
      const operations = batch.map(({ service, id }) => store.instances.deleteOperation(instanceKey(service, id)));
      await hub.holds(requireCommitted(await store.kv.transact(operations), 'the dictionary'));
    }
    if (found.length > 0) log.info('registry.recover', { kept: found.length - dead.length, forgotten: dead.length });
  }

  /**
   * Replaces what is known of an instance by what `next` makes of it, in its turn; `next` is given undefined for one that
   * is not there, and takes it out by returning that. Resolves when the change is durable and can be read; when the store
   * refuses it, nothing has changed.
   */
  async change(id: string, next: (life: Life | undefined) => Life | undefined): Promise<void> {
    await this.#turns.run(id, async () => {
      const known = this.#lives.get(id);
      const after = next(this.get(id));
      if (after === known) return;
      if (known === undefined && this.#lives.size >= INSTANCES_MAX)
        throw new OperatingError('exhausted', `there are ${INSTANCES_MAX} instances, the most there can be`);
      const committed = await this.#write(id, after);
      this.#set(id, after);
      await this.#dependencies.hub.holds(committed);
    });
  }

  /** As `change`, for what has happened whether or not the store takes it: then it is written when it does. Never rejects. */
  async settle(id: string, next: (life: Life | undefined) => Life | undefined): Promise<void> {
    await this.#turns.run(id, async () => {
      const after = next(this.get(id));
      this.#set(id, after);
      try {
        const committed = await this.#write(id, after);
        this.#unwritten.delete(id);
        await this.#dependencies.hub.holds(committed);
      } catch (error) {
        if (this.#isClosed) return;
        const { clock, log } = this.#dependencies;
        if (this.#unwritten.size === 0)
          log.warn('registry.instance-unwritten', { instance: id, error: describeError(error) });
        this.#unwritten.add(id);
        this.#plan(clock.monotonicMs() + WRITE_RETRY_MS);
      }
    });
  }

  /** It is not in the dictionary any more, and nobody here took it out: its service was withdrawn. */
  async forget(id: string): Promise<void> {
    await this.#turns.run(id, async () => {
      const life = this.#lives.get(id);
      if (life !== undefined && !life.hasLeft && !this.#dependencies.hub.view.instances.has(id)) this.#lives.delete(id);
    });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Makes the store say what follows from `life`. */
  async #write(id: string, life: Life | undefined): Promise<Committed> {
    const { store, hub, hostName } = this.#dependencies;
    const { instances, kv } = store;
    // What the store has: the view holds every change that a turn before this one made.
    const old = hub.view.instances.get(id);
    const wanted = life && instanceOf(life, hostName);
    const operations: Operation[] = [];
    if (old !== undefined && wanted?.service !== old.service)
      operations.push(instances.deleteOperation(instanceKey(old.service, id)));
    if (wanted !== undefined && !isDeepStrictEqual(old, wanted))
      operations.push(instances.putOperation(instanceKey(wanted.service, id), wanted));
    if (operations.length === 0) return { revision: 0, hasChanged: false };
    return requireCommitted(await kv.transact(operations), id);
  }

  #set(id: string, life: Life | undefined): void {
    if (life === undefined) {
      this.#lives.delete(id);
      return;
    }
    this.#lives.set(id, life);
    this.#plan(deadlineOf(life));
  }

  #plan(deadlineMs: number): void {
    const dueMs = Math.max(deadlineMs, this.#sweptAtMs + SWEEP_MS_MIN);
    if (this.#isClosed || dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const delayMs = Math.max(0, dueMs - this.#dependencies.clock.monotonicMs());
    this.#timer = this.#dependencies.clock.after(delayMs, () => void this.#sweep());
  }

  /** Takes out whose time is over, writes what could not be written, and finds out when to look next. */
  async #sweep(): Promise<void> {
    const { clock, log } = this.#dependencies;
    const nowMs = clock.monotonicMs();
    this.#timerDueMs = Infinity;
    this.#sweptAtMs = nowMs;
    let nextMs = Infinity;
    const due = new Set(this.#unwritten);
    for (const life of this.#lives.values()) {
      const deadlineMs = deadlineOf(life);
      if (deadlineMs <= nowMs) due.add(life.id);
      else nextMs = Math.min(nextMs, deadlineMs);
    }
    this.#plan(nextMs);
    const known = [...due].filter((id) => this.#lives.has(id));
    await Promise.all([...due].map((id) => this.settle(id, (life) => life)));
    for (const id of known) if (!this.#lives.has(id)) log.info('registry.expire', { instance: id });
  }
}

/** Instances that one transaction takes out: it may hold 1,024 operations. */
const RECOVERY_BATCH = 1_000;

function recoveredLife(instance: Instance, nowMs: number): Life {
  const { id, service, application, component, startedAt, health, keptBy = 'lease', leaseMs } = instance;
  const { address, port, host, release, zone, tags, facts, publicKey } = instance;
  const claim: Claim = {
    registration: { service, address, port, host, release, zone, tags, facts, publicKey, instanceId: id },
    health,
    by: undefined,
    keptBy,
    leaseMs,
    deadlineMs: keptBy === 'nobody' ? Infinity : nowMs + Math.max(RECOVERY_MS, leaseMs ?? 0),
  };
  const isOwn = keptBy === 'connection';
  const claims = { own: isOwn ? claim : undefined, other: isOwn ? undefined : claim };
  return { id, service, application, component, startedAt, ...claims, hasLeft: false };
}
