/**
 * The config store as a source: follows the feed over all losses of the server, tells the server what is run and read, and
 * keeps a local copy for a start without it.
 *
 * A start waits for the first answer. Where there is none in time, the local copy is used and named; without one the start
 * fails. A refusal at the start is an error, with a copy too: somebody has taken this program's key away.
 */
import { describeError, formatDuration, OperatingError } from '@plumb/base';
import { type Connection, createClient } from '@plumb/rpc';
import type { ConfigSource, SourceContext } from './config-source.ts';
import { configFeedContract, type ConfigFeedEvent, type ConfigValue, type Coordinates } from './feed.ts';
import { createFeedLayer } from './feed-layer.ts';
import { type FeedClient, followFeed } from './follow-feed.ts';
import type { CopiedValues, LocalCopy } from './local-copy.ts';
import type { ReadEvidence } from './read-evidence.ts';
import { SentValues } from './sent-values.ts';
import { createRevisionReporter, followReads, type Reporter } from './store-reports.ts';

/** A plumbd that is started again answers by then; who has a copy need not wait for a slower one. */
const COPY_USED_AFTER_MS = 2_000;
/** A plumbd that starts at the same time is there by then; a start that hangs for longer helps nobody. */
const FIRST_VALUES_TIMEOUT_MS = 10_000;

/**
 * Stands for the config store among the `sources` of `openConfig`: sources after it win over the store, as environment
 * variables may have to. Says nothing where there is no store.
 */
export function storeSource(): ConfigSource {
  return STORE_PLACE;
}

const STORE_PLACE: ConfigSource = Object.freeze({
  name: 'store',
  open: () => Promise.reject(new TypeError('storeSource() is for openConfig')),
});

export function isStorePlace(source: ConfigSource): boolean {
  return source === STORE_PLACE;
}

export type StoreOptions = {
  readonly connection: Connection;
  /** Why there is no connection, as far as it is known. */
  readonly trouble: () => string | undefined;
  readonly application: string;
  readonly coordinates: Coordinates;
  /** Who tells what it runs and reads; nobody does where it is undefined. */
  readonly reporter: Reporter | undefined;
  /** Values that are known already: then nothing is waited for. */
  readonly initial: { readonly revision: number; readonly values: Readonly<Record<string, ConfigValue>> } | undefined;
  readonly copy: LocalCopy | undefined;
  readonly evidence: ReadEvidence;
};

export class StoreSource implements ConfigSource {
  readonly name = 'store';
  readonly #options: StoreOptions;
  readonly #sent = new SentValues();
  #isInForce = false;
  #copied: CopiedValues | undefined;
  #copyTrouble: string | undefined;
  #feedTrouble: string | undefined;
  #isServerThere = false;
  #following: Promise<unknown> = Promise.resolve();
  #report: () => void = () => undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** The local copy that the values are from, as long as the server has not said anything. */
  get copied(): (CopiedValues & { readonly file: string }) | undefined {
    const { copy } = this.#options;
    return this.#copied && copy && { ...this.#copied, file: copy.file };
  }

  async open(context: SourceContext): Promise<void> {
    const { connection, initial, copy, reporter, evidence } = this.#options;
    const { clock, log, settle, signal } = context;
    const client = createClient(configFeedContract, 'config', connection, { clock });
    const first = Promise.withResolvers<void>();
    const take = this.#createTaker(context);
    const takeFromServer = (event: ConfigFeedEvent): void => {
      this.#isServerThere = true;
      this.#copied = undefined;
      take(event);
      settle();
      first.resolve();
    };
    if (reporter !== undefined) {
      const inForce = () =>
        this.#isInForce ? { revision: this.#sent.revision, digest: this.#sent.digest } : undefined;
      this.#report = createRevisionReporter(reporter, inForce, { client, clock, log }, signal);
    }
    if (initial !== undefined) takeFromServer({ kind: 'snapshot', ...initial, values: { ...initial.values } });
    this.#following = Promise.all([
      this.#follow(client, takeFromServer, context).catch(first.reject),
      reporter && followReads({ evidence, reporter }, () => this.#isServerThere, { client, clock, log }, signal),
    ]);
    using _copyTimer = clock.after(COPY_USED_AFTER_MS, () => {
      if (copy !== undefined) void this.#useCopy(copy, take, context).then((isUsed) => isUsed && first.resolve());
    });
    using _timer = clock.after(FIRST_VALUES_TIMEOUT_MS, () => first.reject(this.#lateError()));
    await first.promise;
  }

  /** To be told after each change set, of any source: `revision` is the one in force. */
  applied(revision: number): void {
    const wasInForce = this.#isInForce;
    this.#isInForce = revision === this.#sent.revision;
    // What is from the copy is in the copy, and no server has said that it should be run.
    if (!this.#isInForce || wasInForce || this.#copied !== undefined) return;
    this.#report();
    this.#options.copy?.save(() => (this.#isInForce ? this.#sent : undefined));
  }

  /** Resolves when it has ended, after the signal of `open` has aborted. */
  async close(): Promise<void> {
    await this.#following;
    await this.#options.copy?.close();
  }

  /** Remembers what was sent, and passes it on. */
  #createTaker({ publish, change }: SourceContext): (event: ConfigFeedEvent, detail?: string) => void {
    const toSaid = createFeedLayer(this.name);
    return (event) => {
      this.#isInForce = false;
      this.#sent.take(event);
      const said = toSaid(event);
      if ('values' in said) publish(said);
      else change(said);
    };
  }

  #follow(
    client: FeedClient,
    apply: (event: ConfigFeedEvent) => void,
    { clock, random, log, warn, signal }: SourceContext,
  ): Promise<void> {
    const { application, reporter, coordinates, initial } = this.#options;
    const reader = { application, ...(reporter !== undefined && { instance: reporter.instance }), ...coordinates };
    let hasHeard = initial !== undefined;
    return followFeed(
      client,
      {
        reader,
        apply(event) {
          hasHeard = true;
          apply(event);
        },
        onTrouble: (error) => {
          this.#isServerThere = false;
          this.#feedTrouble = describeError(error);
          // Before the first values nobody misses them yet; with those of the copy it was told why.
          if (hasHeard) warn(error);
        },
        hasValues: () => hasHeard || this.#copied !== undefined,
        signal,
      },
      { clock, random, log },
    );
  }

  /** Whether the values are those of the copy from then on. */
  async #useCopy(
    copy: LocalCopy,
    take: (event: ConfigFeedEvent) => void,
    { clock, log, warn, signal }: SourceContext,
  ): Promise<boolean> {
    try {
      const copied = await copy.read();
      if (this.#isServerThere || signal.aborted) return false;
      if (copied === undefined) {
        this.#copyTrouble = `there is no local copy ${copy.file}`;
        return false;
      }
      const { revision, savedAt, values } = copied;
      this.#copied = copied;
      take({ kind: 'snapshot', revision, values: Object.fromEntries(values) });
      const age = formatDuration(Math.max(0, clock.now() - savedAt));
      const of = `the values are those of the local copy ${copy.file}, revision ${revision}, ${age} old`;
      warn(new OperatingError('unavailable', `${of}: ${this.#whyAway()}`));
      return true;
    } catch (error) {
      this.#copyTrouble = describeError(error);
      log.warn('config.copy-unusable', { file: copy.file, error: this.#copyTrouble });
      return false;
    }
  }

  #lateError(): OperatingError {
    const { application } = this.#options;
    const why = this.#whyAway();
    const copy = this.#copyTrouble === undefined ? '' : `, and ${this.#copyTrouble}`;
    const message = `the configuration of ${application} did not come within ${FIRST_VALUES_TIMEOUT_MS} ms: ${why}${copy}`;
    return new OperatingError('deadline', message);
  }

  #whyAway(): string {
    return this.#options.trouble() ?? this.#feedTrouble ?? 'the server gave no answer';
  }
}
