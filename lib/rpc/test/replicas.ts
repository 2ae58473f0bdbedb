/** Replicas of one service within the process, on a clock that is moved, with what can go wrong with each. */
import { createLog, type OperatingError, seededRandom, silentLog, sleep } from '@plumb/base';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import * as v from 'valibot';
import {
  type BalancedConnection,
  type Channel,
  type Contract,
  createChannelPair,
  createDispatcher,
  type Endpoint,
  type EndpointState,
  openBalancedConnection,
  type Resolver,
} from '../src/index.ts';

const contract = {
  run: { input: v.unknown(), output: v.string() },
  watch: { input: v.unknown(), output: v.string(), stream: true },
} as const satisfies Contract;

/** What one replica does, which a test changes as it goes. */
export type Replica = {
  readonly id: string;
  /** Calls whose handler was called, and streams. */
  callCount: number;
  streamCount: number;
  /** How long a call takes. */
  delayMs: number;
  /** What calls are answered with in place of a value. */
  failure: OperatingError | undefined;
  /** What a connection is refused with. */
  refusal: OperatingError | undefined;
  isBusy: boolean;
  openCount: number;
  /** Breaks every connection that is open. */
  readonly cut: () => void;
};

export type World = Disposable & {
  readonly clock: FakeClock;
  readonly connection: BalancedConnection;
  readonly replicas: ReadonlyMap<string, Replica>;
  /** Each event of the log at `warn`. */
  readonly warnings: string[];
  /** Tells the connection of these, and of no others. */
  readonly list: (...endpoints: readonly (string | Endpoint)[]) => Promise<void>;
  readonly breakResolver: (error: OperatingError) => Promise<void>;
  readonly replica: (id: string) => Replica;
  readonly stateOf: (id: string) => EndpointState['state'] | undefined;
};

export function createWorld({ seed = 1 }: { readonly seed?: number } = {}): World {
  const clock = createFakeClock();
  const replicas = new Map<string, Replica & { readonly accept: () => Channel }>();
  const feed = createFeed();
  const warnings: string[] = [];
  const replica = (id: string): Replica & { readonly accept: () => Channel } => {
    const existing = replicas.get(id) ?? createReplica(id, clock);
    replicas.set(id, existing);
    return existing;
  };
  const connection = openBalancedConnection({
    resolver: feed.resolver,
    service: 'tasks',
    open: async ({ id }) => {
      const target = replica(id);
      target.openCount += 1;
      if (target.refusal !== undefined) throw target.refusal;
      return target.accept();
    },
    clock,
    random: seededRandom(seed),
    log: createLog((level, event) => void (level === 'warn' && warnings.push(event))),
  });
  return {
    clock,
    connection,
    replicas,
    warnings,
    replica,
    list: async (...endpoints) => {
      feed.push(endpoints.map((it) => (typeof it === 'string' ? { id: it, address: `mem://${it}` } : it)));
      await clock.advance(0);
    },
    breakResolver: async (error) => {
      feed.fail(error);
      await clock.advance(0);
    },
    stateOf: (id) => connection.state().find((state) => state.id === id)?.state,
    [Symbol.dispose]: connection.close,
  };
}

function createReplica(id: string, clock: FakeClock): Replica & { readonly accept: () => Channel } {
  const open = new Set<Channel>();
  const dispatcher = createDispatcher({ log: silentLog, clock });
  const answer = async (): Promise<string> => {
    replica.callCount += 1;
    const { failure, delayMs } = replica;
    if (delayMs > 0) await sleep(clock, delayMs);
    if (failure !== undefined) throw failure;
    return id;
  };
  dispatcher.add('tasks', contract, {
    run: answer,
    async *watch(_input, { signal }) {
      replica.streamCount += 1;
      yield id;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  });
  const replica = {
    id,
    callCount: 0,
    streamCount: 0,
    delayMs: 0,
    failure: undefined,
    refusal: undefined,
    isBusy: false,
    openCount: 0,
    cut: () => {
      for (const channel of open) channel.close();
      open.clear();
    },
    accept: (): Channel => {
      const [near, far] = createChannelPair();
      open.add(far);
      dispatcher.accept(far, { id: 'tester', scopes: [] });
      return { ...near, liveness: () => (replica.isBusy ? 'busy' : 'alive') };
    },
  } as Replica & { readonly accept: () => Channel };
  return replica;
}

type Feed = {
  readonly resolver: Resolver;
  readonly push: (list: readonly Endpoint[]) => void;
  readonly fail: (error: OperatingError) => void;
};

/** A resolver that says what it is told to. After a failure it has nothing to say until the next list. */
function createFeed(): Feed {
  let next = Promise.withResolvers<readonly Endpoint[]>();
  next.promise.catch(() => undefined);
  const settle = (act: (settled: PromiseWithResolvers<readonly Endpoint[]>) => void): void => {
    const settled = next;
    next = Promise.withResolvers();
    next.promise.catch(() => undefined);
    act(settled);
  };
  return {
    push: (list) => settle(({ resolve }) => resolve(list)),
    fail: (error) => settle(({ reject }) => reject(error)),
    async *resolver() {
      for (;;) yield await next.promise;
    },
  };
}
