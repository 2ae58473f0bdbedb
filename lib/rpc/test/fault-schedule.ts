/** One random schedule: what is called, what goes wrong and when, all of it drawn from a seed. */
import { type Random, randomInteger, seededRandom } from '@plumb/base';
import { endWorld } from './fault-end.ts';
import { FaultHarm } from './fault-harm.ts';
import { FaultLoad } from './fault-load.ts';
import { FaultWorld, type WorldPlan } from './fault-world.ts';

/** Long enough for every call of a world without faults to end, and for all connections to be found broken and opened. */
const SETTLE_MS = 60_000;
const PROBE_MS = 20_000;
/** The slowest reader has the latest changes then. */
const FEED_MS = 5_000;
/** Everybody notices within this what was cut or killed: backoff is 5 s at most. */
const QUIET_MS = 15_000;

export type ScheduleResult = {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  /** What was done when, to read beside a fault. */
  readonly steps: readonly string[];
};

export type ScheduleOptions = {
  /** In place of what the seed says. */
  readonly plan?: Partial<WorldPlan> | undefined;
  /** Servers are stopped and cut off, and never killed. */
  readonly keepsServers?: boolean | undefined;
  /** Called when nothing goes wrong any more and all calls have ended, while the programs still run. */
  readonly onQuiet?: (world: FaultWorld) => void;
};

export async function runSchedule(seed: number, options: ScheduleOptions = {}): Promise<ScheduleResult> {
  const schedule = new Schedule(seed, options);
  const { world, steps } = schedule;
  const { faults, counts } = world.ledger;
  using _watch = watchRejections(world);
  await schedule.start();
  await schedule.trouble();
  await schedule.settle();
  options.onQuiet?.(world);
  await endWorld(world);
  return { seed, faults, counts, steps };
}

/** A promise that nobody handles would be reported without its seed. */
export function watchRejections({ ledger }: FaultWorld): Disposable {
  const onRejection = (reason: unknown): void => ledger.fault(`nobody handled ${String(reason)}`);
  process.on('unhandledRejection', onRejection);
  return { [Symbol.dispose]: () => void process.off('unhandledRejection', onRejection) };
}

function drawPlan(random: Random): WorldPlan {
  const oneOf = <T>(...choices: readonly T[]): T => choices[randomInteger(random, 0, choices.length - 1)] as T;
  const latencyMsMax = oneOf(0, 1, 5, 50, 300);
  return {
    serverCount: oneOf(1, 1, 2, 3),
    clientCount: oneOf(1, 1, 2, 3),
    latencyMsMax,
    pieceBytes: oneOf(5, 1_400, 65_536),
    // What streams have on their way, a cancel must come after: so it is some 100 KB/s at least.
    windowBytes: Math.max(oneOf(1_000, 20_000, 200_000), latencyMsMax * 200),
    duplicates: oneOf(0, 0.2, 0.6),
    delays: oneOf(0, 0, 0.3),
    isEncrypted: random.float() < 0.1,
  };
}

export class Schedule {
  readonly world: FaultWorld;
  readonly steps: string[] = [];
  readonly #random: Random;
  readonly #load: FaultLoad;
  readonly #harm: FaultHarm;

  constructor(seed: number, { plan, keepsServers }: ScheduleOptions = {}) {
    this.#random = seededRandom(seed);
    const drawn = { ...drawPlan(this.#random), ...plan };
    this.world = new FaultWorld(seed, drawn);
    this.steps.push(JSON.stringify(drawn));
    const note = (what: string): void => void this.steps.push(`${this.world.clock.monotonicMs()} ms: ${what}`);
    this.#load = new FaultLoad(this.world, this.#random, note);
    this.#harm = new FaultHarm(this.world, this.#random, { note, keepsServers });
  }

  async start(): Promise<void> {
    for (const host of this.world.serverHosts) await this.world.startServer(host);
    for (const host of this.world.clientHosts) this.world.startClient(host);
  }

  /** Calls and faults, one after the other or at the same time. */
  async trouble(): Promise<void> {
    const stepCount = randomInteger(this.#random, 5, 50);
    for (let i = 0; i < stepCount; i += 1) {
      await this.#step();
      await this.world.clock.advance(this.#draw(0.3) ? 0 : randomInteger(this.#random, 0, 600));
    }
  }

  /** Nothing goes wrong any more: what is under way ends, and everybody is reached again. */
  async settle(): Promise<void> {
    await this.#harm.recover();
    const { clients, clock, ledger } = this.world;
    const isQuiet = (): boolean => clients.values().every(({ pending }) => pending.size === 0);
    for (let ms = 0; ms < SETTLE_MS && (ms < QUIET_MS || !isQuiet()); ms += 500) await clock.advance(500);
    for (const { pending } of clients.values()) {
      for (const what of pending) ledger.fault(`${what} has not ended in all this time`);
    }
    for (const what of ledger.left()) if (what.endsWith('has not')) ledger.fault(`nobody waits for ${what}`);
    await this.#probe();
    this.#checkFeeds();
  }

  #draw(probability: number): boolean {
    return this.#random.float() < probability;
  }

  async #step(): Promise<void> {
    if (this.#draw(0.65)) return this.#load.call();
    if (this.#draw(0.2)) return this.#load.publish();
    return this.#harm.harm();
  }

  async #probe(): Promise<void> {
    const { clients, clock, ledger } = this.world;
    const probes = [...clients.values()].map(async ({ tasks, name }) => {
      const input = { call: ledger.nextCall(), delayMs: 0, sizeBytes: 10, isDeaf: false };
      const failure = await tasks.once(input, { timeoutMs: PROBE_MS }).then(
        () => undefined,
        (error: unknown) => error,
      );
      ledger.check(failure === undefined, () => `${name} cannot call although all is well: ${String(failure)}`);
    });
    this.#load.publish();
    let isAnswered = false;
    const answered = Promise.all(probes).then(() => (isAnswered = true));
    for (let ms = 0; ms < PROBE_MS && !isAnswered; ms += 500) await clock.advance(500);
    await answered;
    await clock.advance(FEED_MS);
  }

  #checkFeeds(): void {
    const published = [...this.world.servers.values()].map(({ service }) => service.publisher);
    for (const { subscriptions, name } of this.world.clients.values()) {
      for (const { state, position } of subscriptions) {
        const { epoch, seq } = position() ?? {};
        const publisher = published.find((it) => it.stats().epoch === epoch);
        const isThere = publisher !== undefined && publisher.stats().seq === seq;
        const isRight = isThere && [...state].every(([topic, { count }]) => publisher.get(topic)?.count === count);
        this.world.ledger.check(
          isRight && state.size === publisher.stats().topicCount,
          () => `a subscription of ${name} is at ${epoch} ${seq}, and its publisher elsewhere`,
        );
      }
    }
  }
}
