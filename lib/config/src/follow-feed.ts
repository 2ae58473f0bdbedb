import { type Clock, describeError, type Log, type Random, silentLog, sleep } from '@plumb/base';
import { type Client, resubscribe } from '@plumb/rpc';
import type { configFeedContract, ConfigFeedEvent, Coordinates } from './feed.ts';

/** After a refusal such as a token that ran out, which a person has to mend: asked again so that nothing need restart. */
const REFUSED_RETRY_MS = 30_000;

export type FeedClient = Client<typeof configFeedContract>;

export type FeedOptions = {
  readonly reader: { readonly application: string; readonly instance?: string | undefined } & Coordinates;
  readonly apply: (event: ConfigFeedEvent) => void;
  /** Told of what ended the feed, each time; the next event says that it is over. */
  readonly onTrouble: (error: unknown) => void;
  /** Whether the application has values to go on with after a refusal. */
  readonly hasValues: () => boolean;
  readonly signal: AbortSignal;
};

/**
 * Applies every event of the feed, over all losses of the server, until `signal` aborts.
 * @throws what the server refuses it with, while there are no values.
 */
export async function followFeed(
  client: FeedClient,
  { reader, apply, onTrouble, hasValues, signal }: FeedOptions,
  { clock, random, log }: { readonly clock: Clock; readonly random: Random; readonly log: Log },
): Promise<void> {
  const watch = async function* (until: AbortSignal): AsyncGenerator<ConfigFeedEvent> {
    try {
      yield* client.watch({ ...reader }, { signal: until });
    } catch (error) {
      if (!until.aborted) onTrouble(error);
      throw error;
    }
  };
  while (!signal.aborted) {
    try {
      // What is tried again was told already.
      for await (const event of resubscribe(watch, { clock, random, signal, log: silentLog })) {
        apply(event);
        log.debug('config.applied', { revision: event.revision });
      }
    } catch (error) {
      if (!hasValues()) throw error;
      log.error('config.refused', { error: describeError(error), retryMs: REFUSED_RETRY_MS });
    }
    // Also after a feed that just ended, which a server does not do.
    await sleep(clock, REFUSED_RETRY_MS, signal);
  }
}
