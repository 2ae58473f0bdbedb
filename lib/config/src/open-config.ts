/**
 * Connects an application to its configuration. Started by Plumb, it finds the way in its environment; without that it
 * runs on its defaults.
 */
import {
  type Clock,
  describeError,
  type Log,
  OperatingError,
  type Random,
  silentLog,
  systemClock,
  systemRandom,
} from '@plumb/base';
import { type Connection, openConnection } from '@plumb/rpc';
import { openZeromqChannel } from '@plumb/rpc/node';
import { type ConfigView, createLayeredConfig, withOwn } from './config.ts';
import type { ConfigObject } from './config-values.ts';
import { createFeedLayer, saidBy } from './feed-layer.ts';
import type { ConfigFeedEvent } from './feed.ts';
import { followFeed } from './follow-feed.ts';
import { halfSet, type PlumbDoor, readPlumbDoor } from './plumb-door.ts';

/** A plumbd that starts at the same time is there by then; a start that hangs for longer helps nobody. */
const FIRST_VALUES_TIMEOUT_MS = 10_000;

export type Config = ConfigView & AsyncDisposable;

export type OpenConfigOptions = {
  /** Where `PLUMB_APPLICATION`, `PLUMB_INSTANCE` and the variables of `readPlumbDoor` are read from: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** In force for what nobody has set, and for everything without a server. Nested objects are dotted paths. */
  readonly defaults?: ConfigObject;
  /** For a program that has a connection already; it stays the caller's. Without it, `PLUMB_RPC` names the server. */
  readonly connection?: Connection;
  /** Values that are known already: then nothing is waited for, and what is newer arrives by itself. */
  readonly initial?: { readonly revision: number; readonly values: ConfigObject };
  /** Told of trouble that heals itself, and of listeners that throw. */
  readonly log?: Log;
  readonly clock?: Clock;
  readonly random?: Random;
};

/**
 * Resolves when the first values are there. From then on every change arrives by itself; while the server is away the
 * last values stay in force.
 * @throws OperatingError `deadline` when no values came in time, `denied` when the key or token is not good or not for
 * this application, `invalid` when the environment is half set.
 *
 * @example
 * await using config = await openConfig({ environment: process.env, defaults: { title: 'Tip jar' } });
 * using subscription = config.subscribe('title', (title) => render(title));
 */
export async function openConfig(options: OpenConfigOptions): Promise<Config> {
  const { environment = {}, defaults = {}, log = silentLog, clock = systemClock, random = systemRandom } = options;
  const layered = createLayeredConfig({
    sourceNames: ['defaults', 'store'],
    onListenerError: (error) => log.error('config.listener-failed', { error: describeError(error) }),
  });
  const { view } = layered;
  // Frozen later, so not the caller's own.
  const base = saidBy('defaults', Object.entries(structuredClone(defaults)));
  layered.apply(new Map([[0, { values: base }]]));
  const layerOf = createFeedLayer('store');
  const apply = (event: ConfigFeedEvent): void => void layered.apply(new Map([[1, layerOf(event)]]));
  const server = openServer(options, { log, clock, random });
  if (server === undefined) return withOwn(view, { [Symbol.asyncDispose]: async () => undefined });
  const { connection, trouble, release } = server;
  const { PLUMB_APPLICATION: application, PLUMB_INSTANCE: instance } = environment;
  if (!isSet(application)) throw halfSet('PLUMB_APPLICATION', 'the name of the application');
  const stop = new AbortController();
  const first = Promise.withResolvers<void>();
  if (options.initial !== undefined) {
    apply({ kind: 'snapshot', ...options.initial, values: { ...options.initial.values } });
    first.resolve();
  }
  const following = followFeed(
    { connection, log, clock, random },
    {
      application,
      instance: isSet(instance) ? instance : undefined,
      apply,
      hasValues: options.initial !== undefined,
      first,
      signal: stop.signal,
    },
  );
  const close = async (): Promise<void> => {
    stop.abort();
    await following;
    release();
  };
  using _timer = clock.after(FIRST_VALUES_TIMEOUT_MS, () => {
    const why = trouble() ?? 'the server gave no answer';
    const message = `the configuration of ${application} did not come within ${FIRST_VALUES_TIMEOUT_MS} ms: ${why}`;
    first.reject(new OperatingError('deadline', message));
  });
  try {
    await first.promise;
  } catch (error) {
    await close();
    throw error;
  }
  return withOwn(view, { [Symbol.asyncDispose]: close });
}

type Server = {
  readonly connection: Connection;
  /** Why there is no connection, as far as it is known. */
  readonly trouble: () => string | undefined;
  readonly release: () => void;
};

/** Opens nothing yet: the first call does. Undefined where there is no server. */
function openServer(
  { connection: borrowed, environment = {} }: OpenConfigOptions,
  dependencies: { readonly log: Log; readonly clock: Clock; readonly random: Random },
): Server | undefined {
  if (borrowed !== undefined) return { connection: borrowed, trouble: () => undefined, release: () => undefined };
  const door = readPlumbDoor(environment);
  return door === undefined ? undefined : connectTo(door, dependencies);
}

function connectTo(
  door: PlumbDoor,
  { log, clock, random }: { readonly log: Log; readonly clock: Clock; readonly random: Random },
): Server {
  let trouble: string | undefined;
  const connection = openConnection({
    async open(signal) {
      try {
        return await openZeromqChannel({ ...door, clock, signal });
      } catch (error) {
        trouble = describeError(error);
        throw error;
      }
    },
    clock,
    random,
    log,
  });
  return { connection, trouble: () => trouble, release: connection.close };
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
