/**
 * One random life of a configuration with its readers: what people and deploys do to the store, while connections are
 * lost and readers come and go. The store, the feed, the connections and the readers are the real ones; time, and what
 * holds the values, are in memory.
 */
import { describeError, OperatingError, randomInteger, seededRandom, silentLog } from '@plumb/base';
import { configContract, type WantedChange } from '@plumb/config-store';
import { openConfigStore } from '@plumb/config-store/server';
import { openMemoryKv } from '@plumb/kv';
import { type Client, connectDispatcher, createClient, createDispatcher } from '@plumb/rpc';
import { createFakeClock } from '@plumb/testing';
import { recipientOf, type SealedValue, sealValue } from '@plumb/vault';
import { PAIR, Subscriber } from './subscriber.ts';

/** Age keys that are not made again for each schedule. */
export type ScheduleKeys = { readonly shop: string; readonly eve: string; readonly sealed: readonly SealedValue[] };
export type ScheduleResult = {
  readonly seed: number;
  readonly steps: readonly string[];
  readonly faults: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
};

const STEPS_MAX = 40;
/** Longer than anything waits to be tried again. */
const SETTLE_MS = 45_000;
/** What changed last is told, applied and reported by then. */
const LAST_REPORTS_MS = 2_000;
const application = 'shop';
const SECRET_KEY = 'secret';
const LAYERS = ['common', 'env:live', 'release:production', 'region:eu', 'env:live/region:eu', 'env:test'];
const KEYS = ['title', 'deep.a', 'deep.b', 'deep.c.d'];
/** What a change may be refused with, when it comes at the wrong time. */
const REFUSALS = ['conflict', 'invalid', 'not-found', 'already-exists'];

export async function createScheduleKeys(shop: string, eve: string): Promise<ScheduleKeys> {
  const [forShop, forEve] = [await recipientOf(shop), await recipientOf(eve)];
  const seal = (recipients: string[]) => sealValue({ application, key: SECRET_KEY, value: 'hunter2', recipients });
  return {
    shop,
    eve,
    sealed: [await seal([forShop]), await seal([forShop]), await seal([forEve]), await seal([forShop, forEve])],
  };
}

export async function runSchedule(seed: number, keys: ScheduleKeys): Promise<ScheduleResult> {
  const schedule = new Schedule(seed, keys);
  await using opening = new AsyncDisposableStack();
  await schedule.run(opening);
  return schedule;
}

class Schedule implements ScheduleResult {
  readonly seed: number;
  readonly steps: string[] = [];
  readonly faults: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #keys: ScheduleKeys;
  readonly #random;
  readonly #clock = createFakeClock();
  readonly #underWay = new Set<Promise<unknown>>();
  #store!: Client<typeof configContract>;
  #subscribers: readonly Subscriber[] = [];

  constructor(seed: number, keys: ScheduleKeys) {
    this.seed = seed;
    this.#keys = keys;
    this.#random = seededRandom(seed);
  }

  async run(opening: AsyncDisposableStack): Promise<void> {
    await this.#setUp(opening);
    const stepCount = this.#integer(5, STEPS_MAX);
    for (let i = 0; i < stepCount && this.faults.length === 0; i += 1) {
      await this.#step();
      for (const subscriber of this.#subscribers) subscriber.checkPair();
    }
    for (const subscriber of this.#subscribers) subscriber.isAway = false;
    await this.#clock.advance(SETTLE_MS);
    await Promise.all(this.#underWay);
    await this.#clock.advance(LAST_REPORTS_MS);
    await this.#checkEnd();
  }

  async #setUp(opening: AsyncDisposableStack): Promise<void> {
    const [clock, random, log] = [this.#clock, seededRandom(this.seed), silentLog];
    const kv = opening.use(await openMemoryKv({ clock }));
    const service = opening.use(await openConfigStore({ kv, clock, random, log }));
    const dispatcher = createDispatcher({ log, clock });
    dispatcher.add('config', configContract, service.handlers);
    const connection = opening.use(connectDispatcher(dispatcher, { id: 'ada', scopes: ['*'] }, { clock }));
    this.#store = createClient(configContract, 'config', connection, { clock });
    await this.#store.addRecipient({
      recipient: await recipientOf(this.#keys.shop),
      owner: `application:${application}`,
      application,
    });
    await this.#store.addRecipient({ recipient: await recipientOf(this.#keys.eve), owner: 'eve' });
    await this.#provision();
    const reader = (id: string, place: object, isInstance: boolean): Subscriber =>
      new Subscriber({
        name: id,
        caller: { id, scopes: ['config:read'], ...(isInstance && { application }) },
        environment: { PLUMB_APPLICATION: application, ...(isInstance && { PLUMB_INSTANCE: id }), ...place },
        dispatcher,
        clock,
        random,
        fault: (text) => this.faults.push(text),
        count: (what) => this.#count(what),
      });
    const live = { PLUMB_ENVIRONMENT: 'live' };
    this.#subscribers = [
      reader('shop-1', { ...live, PLUMB_REGION: 'eu' }, true),
      reader('shop-2', { ...live, PLUMB_RELEASE_ENVIRONMENT: 'production' }, true),
      reader('shop-3', {}, true),
      reader('eve', { PLUMB_ENVIRONMENT: 'test', PLUMB_REGION: 'eu' }, false),
      reader('joe', live, false),
    ];
    opening.defer(async () => {
      const closing = Promise.all(this.#subscribers.map((one) => one.close()));
      await this.#clock.advance(LAST_REPORTS_MS);
      await closing;
    });
    for (const subscriber of this.#subscribers) await subscriber.open();
  }

  async #step(): Promise<void> {
    const kind = this.#integer(0, 99);
    if (kind < 45) return this.#change();
    if (kind < 52) return this.#attempt('provision', () => this.#provision());
    if (kind < 60) return this.#attempt('rollback', () => this.#rollback());
    if (kind < 70) return this.#attempt('rollout', () => this.#moveRollout());
    if (kind < 80) return this.#lose();
    if (kind < 85) return this.#leaveOrCome();
    const ms = this.#pick([0, 0, 1, 100, 1_000, 5_000]);
    this.steps.push(`${ms} ms pass`);
    await this.#clock.advance(ms);
  }

  async #change(): Promise<void> {
    const changes: WantedChange[] = this.#pick<() => WantedChange[]>([
      () => this.#pairOf(this.#pick(LAYERS), this.#value()),
      () => this.#pairOf(this.#pick(LAYERS), undefined),
      () => [{ key: SECRET_KEY, layer: this.#pick(LAYERS), value: this.#pick(this.#keys.sealed) }],
      () => [{ key: SECRET_KEY, layer: this.#pick(LAYERS) }],
      () => [...new Map(KEYS.map((key) => [key, this.#changeOf(key)])).values()].slice(this.#integer(0, 3)),
      () => [this.#changeOf(this.#pick(KEYS))],
      () => [this.#changeOf(this.#pick(KEYS))],
    ])();
    await this.#attempt(
      `change ${JSON.stringify(changes.map(({ value, ...rest }) => [...Object.values(rest), show(value)]))}`,
      () => this.#store.change({ application, changes }),
    );
  }

  /** Done at once or beside what comes next. */
  async #attempt(what: string, work: () => Promise<unknown>): Promise<void> {
    this.steps.push(what);
    const attempt = work().then(
      () => this.#count(what.split(' ', 1).join()),
      (error: unknown) => {
        if (error instanceof OperatingError && REFUSALS.includes(error.code))
          return this.#count(`refused: ${error.code}`);
        return this.faults.push(`${what}: ${describeError(error)}`);
      },
    );
    if (this.#integer(0, 2) > 0) {
      await attempt;
      return;
    }
    this.#underWay.add(attempt);
    void attempt.finally(() => this.#underWay.delete(attempt));
  }

  #provision(): Promise<unknown> {
    const value = this.#integer(0, 3);
    const values = { pair: { left: value, right: value }, ...(value > 1 && { title: value }) };
    return this.#store.provision({ application, environment: 'live', values });
  }

  async #rollback(): Promise<void> {
    const which = this.#integer(0, 9);
    const sets = await this.#store.changeSets({ application, limit: 10 });
    const chosen = sets[which % Math.max(1, sets.length)];
    if (chosen !== undefined) await this.#store.rollback({ application, revision: chosen.revision });
  }

  async #moveRollout(): Promise<void> {
    const [value, choice] = [this.#value(), this.#integer(0, 2)];
    const running = (await this.#store.rollouts({ application })).find(
      ({ state }) => state === 'running' || state === 'held',
    );
    if (running === undefined) {
      const stages = [{ instances: 1 }, { percent: 70 }];
      await this.#store.startRollout({ application, changes: this.#pairOf('common', value), stages });
      this.#count('rollout started');
    } else if (choice > 0) {
      await this.#store.widenRollout({ id: running.id });
      this.#count('rollout widened');
    } else {
      await this.#store.revertRollout({ id: running.id });
      this.#count('rollout reverted');
    }
  }

  #lose(): void {
    const subscriber = this.#pick(this.#subscribers);
    subscriber.isAway = this.#integer(0, 1) === 0;
    this.steps.push(`${subscriber.options.name} ${subscriber.isAway ? 'is cut off' : 'is cut'}`);
    this.#count('cut');
    subscriber.cut();
  }

  async #leaveOrCome(): Promise<void> {
    const subscriber = this.#pick(this.#subscribers);
    const { name } = subscriber.options;
    const isThere = subscriber.config !== undefined;
    this.steps.push(`${name} ${isThere ? 'leaves' : 'comes'}`);
    subscriber.isAway = false;
    const moving = isThere ? subscriber.close() : subscriber.open();
    await this.#clock.advance(5_000);
    await moving;
    this.#count(isThere ? 'left' : 'came');
  }

  async #checkEnd(): Promise<void> {
    for (const subscriber of this.#subscribers) {
      const { environment, caller, dispatcher } = subscriber.options;
      using connection = connectDispatcher(dispatcher, caller, { clock: this.#clock });
      const client = createClient(configContract, 'config', connection, { clock: this.#clock });
      const { PLUMB_ENVIRONMENT, PLUMB_RELEASE_ENVIRONMENT, PLUMB_REGION } = environment;
      const place = {
        environment: PLUMB_ENVIRONMENT,
        releaseEnvironment: PLUMB_RELEASE_ENVIRONMENT,
        region: PLUMB_REGION,
      };
      subscriber.checkEnd(await client.snapshot({ application, ...place }));
    }
    const { instances } = await this.#store.convergence({ application });
    for (const { instance, isConverged, revision } of instances) {
      this.#count('converged');
      if (!isConverged) this.faults.push(`${instance} says that it runs ${revision}, which the store does not believe`);
    }
  }

  #pairOf(layer: string, value: number | undefined): WantedChange[] {
    return PAIR.map((key) => ({ key, layer, ...(value !== undefined && { value }) }));
  }

  #changeOf(key: string): WantedChange {
    const value = this.#value();
    return { key, layer: this.#pick(LAYERS), ...(value > 0 && { value }) };
  }

  #value(): number {
    return this.#integer(0, 3);
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  #integer(min: number, max: number): number {
    return randomInteger(this.#random, min, max);
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[this.#integer(0, choices.length - 1)];
    if (choice === undefined) throw new TypeError('there is nothing to choose from');
    return choice;
  }
}

function show(value: WantedChange['value']): unknown {
  return typeof value === 'object' ? 'a secret' : value;
}
