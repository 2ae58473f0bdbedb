import { type Clock, createRepeater, describeError, type Log, type Random, sleep } from '@plumb/base';
import { type Client, type Connection, createClient, resubscribe } from '@plumb/rpc';
import { configFeedContract, type ConfigFeedEvent } from './feed.ts';

/** After a refusal such as a token that ran out, which a person has to mend: asked again so that nothing need restart. */
const REFUSED_RETRY_MS = 30_000;

export type FeedDependencies = {
  readonly connection: Connection;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
};

export type FeedOptions = {
  readonly application: string;
  /** Who reports which revision it runs; nobody does where it is undefined. */
  readonly instance: string | undefined;
  readonly apply: (event: ConfigFeedEvent) => void;
  /** Values are known already: then it goes on after a refusal, as it does later. */
  readonly hasValues?: boolean | undefined;
  /** Resolved with the first values, or rejected when they are refused; then it does not go on. */
  readonly first: Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'>;
  readonly signal: AbortSignal;
};

/** Applies every event of the feed, over all losses of the server, until `signal` aborts. Never rejects. */
export async function followFeed(dependencies: FeedDependencies, options: FeedOptions): Promise<void> {
  const { connection, log, clock, random } = dependencies;
  const { application, instance, apply, first, signal } = options;
  const client = createClient(configFeedContract, 'config', connection, { clock });
  const report = instance === undefined ? () => undefined : createReporter(client, { application, instance, log });
  let { hasValues = false } = options;
  while (!signal.aborted) {
    try {
      const watch = (until: AbortSignal): AsyncIterable<ConfigFeedEvent> =>
        client.watch({ application }, { signal: until });
      for await (const event of resubscribe(watch, { clock, random, signal, log })) {
        apply(event);
        log.debug('config.applied', { revision: event.revision });
        report(event.revision);
        hasValues = true;
        first.resolve();
      }
    } catch (error) {
      if (!hasValues) return first.reject(error);
      log.error('config.refused', { error: describeError(error), retryMs: REFUSED_RETRY_MS });
    }
    // Also after a feed that just ended, which a server does not do.
    await sleep(clock, REFUSED_RETRY_MS, signal);
  }
}

/** Tells the server what this instance runs. One report at a time, and the latest next: the ones between say nothing. */
function createReporter(
  client: Client<typeof configFeedContract>,
  { application, instance, log }: { readonly application: string; readonly instance: string; readonly log: Log },
): (revision: number) => void {
  let latest = 0;
  const reporter = createRepeater(async () => {
    try {
      await client.report({ application, instance, revision: latest });
    } catch (error) {
      // The next watch begins with a snapshot, which is reported again.
      log.debug('config.report-failed', { error: describeError(error) });
    }
  });
  return (revision) => {
    latest = revision;
    reporter.request();
  };
}
