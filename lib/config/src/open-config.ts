/**
 * Connects an application to its configuration. Started by Plumb it finds the way in its environment; without it, it
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
import { createClient, openConnection, resubscribe } from '@plumb/rpc';
import { openZeromqChannel } from '@plumb/rpc/node';
import { type ConfigView, createConfigSource } from './config.ts';
import { configFeedContract, type ConfigValue } from './feed.ts';

/** A plumbd that starts at the same time is there by then; a start that hangs for longer helps nobody. */
const FIRST_SNAPSHOT_TIMEOUT_MS = 10_000;

export type Config = ConfigView & AsyncDisposable;

export type OpenConfigOptions = {
  /** Where `PLUMB_RPC`, `PLUMB_TOKEN`, `PLUMB_APPLICATION` and `PLUMB_INSTANCE` are read from: `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** In force for what nobody has set, and for everything without a plumbd. Nested objects are dotted paths. */
  readonly defaults?: Readonly<Record<string, ConfigValue>>;
  /** Told of trouble that heals itself, and of listeners that throw. */
  readonly log?: Log;
  readonly clock?: Clock;
  readonly random?: Random;
};

/**
 * Resolves when the first values are there. From then on every change arrives by itself; while plumbd is away the last
 * values stay in force.
 * @throws OperatingError `deadline` when no values came in time, `denied` when the token is not good, `invalid` when the
 * environment is half set.
 *
 * @example
 *   await using config = await openConfig({ environment: process.env, defaults: { title: 'Tip jar' } });
 *   using subscription = config.subscribe('title', (title) => render(title));
 */
export async function openConfig(options: OpenConfigOptions): Promise<Config> {
  const { environment, defaults = {}, log = silentLog, clock = systemClock, random = systemRandom } = options;
  const source = createConfigSource(defaults, (error) =>
    log.error('config.listener-failed', { error: describeError(error) }),
  );
  const {
    PLUMB_RPC: address = '',
    PLUMB_TOKEN: token = '',
    PLUMB_APPLICATION: application = '',
    PLUMB_INSTANCE: instance = '',
  } = environment;
  if (address === '') return { ...source.view, [Symbol.asyncDispose]: async () => undefined };
  if (application === '')
    throw new OperatingError(
      'invalid',
      'PLUMB_RPC is set and PLUMB_APPLICATION is not: set it to the name of the application',
    );

  const connection = openConnection({
    open: (signal) => openZeromqChannel({ address, token, clock, signal }),
    clock,
    random,
    log,
  });
  const feed = createClient(configFeedContract, 'config', connection, { clock });
  const stop = new AbortController();
  const report = (revision: number): void => {
    feed
      .report({ application, instance, revision })
      .catch((error: unknown) => log.debug('config.report-failed', { error: describeError(error) }));
  };
  const first = Promise.withResolvers<void>();
  const following = (async () => {
    const events = resubscribe((signal) => feed.watch({ application }, { signal }), {
      clock,
      random,
      signal: stop.signal,
      log,
    });
    for await (const event of events) {
      source.apply(event);
      first.resolve();
      if (instance !== '') report(event.revision);
    }
  })().catch((error: unknown) => {
    first.reject(error);
    log.error('config.lost', { error: describeError(error) });
  });
  const close = async (): Promise<void> => {
    stop.abort();
    await following;
    connection.close();
  };
  try {
    await firstOrDeadline(first.promise, clock, address);
  } catch (error) {
    await close();
    throw error;
  }
  return { ...source.view, [Symbol.asyncDispose]: close };
}

async function firstOrDeadline(first: Promise<void>, clock: Clock, address: string): Promise<void> {
  const late = Promise.withResolvers<never>();
  using _timer = clock.after(FIRST_SNAPSHOT_TIMEOUT_MS, () =>
    late.reject(
      new OperatingError(
        'deadline',
        `no configuration came from ${address} within ${FIRST_SNAPSHOT_TIMEOUT_MS} ms: does plumbd run there?`,
      ),
    ),
  );
  await Promise.race([first, late.promise]);
}
