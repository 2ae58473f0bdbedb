/**
 * A config service whose feed a test writes by hand, behind a connection that it can cut: real RPC within the process, on
 * a fake clock.
 */
import { createLog, OperatingError, seededRandom, silentLog } from '@plumb/base';
import { type Channel, type Connection, createChannelPair, createDispatcher, openConnection } from '@plumb/rpc';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import {
  type Config,
  configFeedContract,
  type ConfigFeedEvent,
  openConfig,
  type OpenConfigOptions,
} from '../src/index.ts';

type Input<M extends keyof typeof configFeedContract> = NonNullable<
  (typeof configFeedContract)[M]['input']['~types']
>['output'];

export type FeedWorld = {
  readonly clock: FakeClock;
  readonly connection: Connection;
  readonly watched: Input<'watch'>[];
  readonly reports: Input<'report'>[];
  readonly reads: Input<'reportReads'>[];
  /** Events from info on, with their fields. */
  readonly logged: { readonly event: string; readonly fields: object }[];
  readonly open: (options?: Partial<OpenConfigOptions>) => Promise<Config>;
  /** To every watch that is open; each begins with `snapshot`. */
  readonly send: (event: ConfigFeedEvent) => void;
  snapshot: ConfigFeedEvent;
  refusal: OperatingError | undefined;
  /** No connection can be made. */
  isAway: boolean;
  loseConnection: () => void;
};

export function createFeedWorld(): FeedWorld {
  const clock = createFakeClock();
  const watches = new Set<(event: ConfigFeedEvent) => void>();
  const dispatcher = createDispatcher({ log: silentLog, clock });
  dispatcher.add('config', configFeedContract, {
    watch(input, { signal }) {
      world.watched.push(input);
      if (world.refusal !== undefined) throw world.refusal;
      return watchEvents(signal);
    },
    report(input) {
      world.reports.push(input);
      return {};
    },
    reportReads(input) {
      world.reads.push(input);
      return {};
    },
  });
  async function* watchEvents(signal: AbortSignal): AsyncGenerator<ConfigFeedEvent> {
    const queue = [world.snapshot];
    let wake = Promise.withResolvers<void>();
    const push = (event: ConfigFeedEvent): void => {
      queue.push(event);
      wake.resolve();
    };
    signal.addEventListener('abort', () => wake.resolve());
    watches.add(push);
    try {
      while (!signal.aborted) {
        const event = queue.shift();
        if (event !== undefined) yield event;
        else await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      watches.delete(push);
    }
  }
  const open = async (): Promise<Channel> => {
    if (world.isAway) throw new OperatingError('unavailable', 'nobody listens');
    const [near, far] = createChannelPair();
    world.loseConnection = () => far.close();
    dispatcher.accept(far, { id: 'tipjar-1', scopes: ['config:read'] });
    return near;
  };
  const connection = openConnection({ open, clock, random: seededRandom(1), log: silentLog });
  const logged: { event: string; fields: object }[] = [];
  const log = createLog((level, event, fields) => {
    if (level !== 'debug') logged.push({ event, fields });
  });
  const world: FeedWorld = {
    clock,
    connection,
    watched: [],
    reports: [],
    reads: [],
    logged,
    open: (options) =>
      openConfig({
        environment: { PLUMB_APPLICATION: 'tipjar', PLUMB_INSTANCE: 'tipjar-1' },
        connection,
        clock,
        random: seededRandom(1),
        log,
        ...options,
      }),
    send: (event) => watches.forEach((push) => push(event)),
    snapshot: { kind: 'snapshot', revision: 3, values: { title: 'Tips' } },
    refusal: undefined,
    isAway: false,
    loseConnection: () => undefined,
  };
  return world;
}
