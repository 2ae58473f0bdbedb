/**
 * Opens the configuration of an application: defaults, then its sources in order, then the config store. Started by Plumb,
 * it finds the way to the store in its environment; without that it runs on the others alone.
 */
import { type Clock, describeError, type Log, type Random, silentLog, systemClock, systemRandom } from '@plumb/base';
import type { Connection } from '@plumb/rpc';
import type { Secret } from '@plumb/vault';
import { readProcessIdentities } from '@plumb/vault/node';
import * as v from 'valibot';
import { type ConfigView, createLayeredConfig, withOwn } from './config.ts';
import { type ConfigSnapshot, schemaFaults } from './config-snapshot.ts';
import type { ConfigSource } from './config-source.ts';
import type { ConfigObject } from './config-values.ts';
import { connectStore, type StoreConnection } from './connect-store.ts';
import { saidBy } from './feed-layer.ts';
import type { ConfigValue } from './feed.ts';
import { LocalCopy } from './local-copy.ts';
import { halfSet } from './plumb-door.ts';
import { type Environment, readCoordinates, readVariable } from './read-coordinates.ts';
import { ReadEvidence } from './read-evidence.ts';
import { SourceRunner } from './run-sources.ts';
import type { SourceStatus } from './source-seat.ts';
import { withheldError } from './secret-shelf.ts';
import { isStorePlace, StoreSource } from './store-source.ts';

export type ConfigStatus = {
  /** The store's counter at the last change; 0 before a server has said anything. */
  readonly revision: number;
  /** How each source is, lowest first. */
  readonly sources: readonly SourceStatus[];
  /** What is wrong with what the sources say at present; with any fault the last values without one are in force. */
  readonly faults: readonly string[];
  /** The local copy that the store's values are from; absent once the server has said something. */
  readonly copy?: {
    readonly file: string;
    readonly revision: number;
    readonly savedAt: number;
    readonly ageMs: number;
  };
};

export type Config = ConfigView & AsyncDisposable & { readonly status: () => ConfigStatus };

export type OpenConfigOptions = {
  /**
   * Where `PLUMB_APPLICATION`, `PLUMB_INSTANCE`, `PLUMB_ENVIRONMENT`, `PLUMB_RELEASE_ENVIRONMENT`, `PLUMB_REGION`,
   * `PLUMB_AGE_KEY`, `PLUMB_AGE_KEY_FILE`, `PLUMB_CONFIG_COPY` and the variables of `readPlumbDoor` are: `process.env`.
   */
  readonly environment?: Environment;
  /** In force for what nobody has set. Nested objects are dotted paths. */
  readonly defaults?: ConfigObject;
  /** Over the defaults, lowest first. The store comes after them, or where `storeSource()` stands. */
  readonly sources?: readonly ConfigSource[];
  /** False: without the store, whatever the environment names. */
  readonly store?: boolean;
  /** All values have to fit: at the start, and each change set, which is refused as a whole otherwise. */
  readonly schema?: v.GenericSchema;
  /** The file of the local copy; false for none. Default: `PLUMB_CONFIG_COPY`. It is kept where there is an age key. */
  readonly copy?: string | false;
  /** For a program that has a connection already; it stays the caller's. Without it, `PLUMB_RPC` names the server. */
  readonly connection?: Connection;
  /** Values of the store that are known already: then nothing is waited for, and what is newer arrives by itself. */
  readonly initial?: { readonly revision: number; readonly values: ConfigObject };
  /** Told of trouble that heals itself, and of listeners that throw. */
  readonly log?: Log;
  readonly clock?: Clock;
  readonly random?: Random;
};

type World = { readonly clock: Clock; readonly random: Random; readonly log: Log };

/**
 * Resolves when every source has said what it knows. From then on every change arrives by itself; while a source is away
 * its last values stay in force. Where the server does not answer in 2 s, the local copy is used, if there is one.
 * @throws OperatingError `deadline` when there is no copy and no answer in 10 s, `denied` when the key or token is not good
 * or not for this application, `invalid` when the environment is half set or the values do not fit the schema.
 *
 * @example
 * await using config = await openConfig({ environment: process.env, defaults: { title: 'Tip jar' } });
 * using subscription = config.subscribe('title', (title) => render(title));
 */
export async function openConfig(options: OpenConfigOptions): Promise<Config> {
  const { environment = {}, log = silentLog, clock = systemClock, random = systemRandom, schema } = options;
  const world = { clock, random, log };
  const evidence = new ReadEvidence(() => layered.listenedPaths());
  const withheld = new WeakSet<Secret<ConfigValue>>();
  await using opening = new AsyncDisposableStack();
  const server = options.store === false ? undefined : connectStore(options.connection, environment, world);
  const store = server && (await createStore(server, evidence, options, world));
  opening.defer(() => server?.release());
  opening.defer(() => store?.close());
  const sources = orderSources(options, store);
  const layered = createLayeredConfig({
    sourceNames: sources.map(({ name }) => name),
    onListenerError: (error) => log.error('config.listener-failed', { error: describeError(error) }),
    hooks: {
      onRead: (path) => evidence.note(path),
      checkSecret(path, secret) {
        if (withheld.has(secret)) throw withheldError(path);
      },
    },
    ...(schema !== undefined && { check: (snapshot: ConfigSnapshot) => faultsOf(snapshot, schema) }),
  });
  const { view } = layered;
  const runner = opening.use(
    new SourceRunner({
      sources,
      apply: layered.apply,
      onApplied: () => store?.applied(view.revision),
      secrets: {
        application: readVariable(environment, 'PLUMB_APPLICATION'),
        identities: () => readProcessIdentities(environment),
        withheld,
      },
      environment,
      ...world,
    }),
  );
  await runner.open();
  const open = opening.move();
  return withOwn(view, {
    status: () => statusOf(view.revision, runner, store, clock),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  });
}

async function createStore(
  { connection, trouble }: StoreConnection,
  evidence: ReadEvidence,
  { environment = {}, initial, copy = readVariable(environment, 'PLUMB_CONFIG_COPY') }: OpenConfigOptions,
  { clock, log }: World,
): Promise<StoreSource> {
  const application = readVariable(environment, 'PLUMB_APPLICATION');
  if (application === undefined) throw halfSet('PLUMB_APPLICATION', 'the name of the application');
  const coordinates = readCoordinates(environment);
  const instance = readVariable(environment, 'PLUMB_INSTANCE');
  const identities = await readProcessIdentities(environment);
  const hasCopy = copy !== undefined && copy !== false;
  if (hasCopy && identities.length === 0) {
    const reason = 'it would be readable: set PLUMB_AGE_KEY or PLUMB_AGE_KEY_FILE to have it encrypted';
    log.warn('config.copy-off', { file: copy, reason });
  }
  return new StoreSource({
    connection,
    trouble,
    application,
    coordinates,
    reporter: instance === undefined ? undefined : { application, instance, ...readRelease(environment) },
    initial,
    copy:
      hasCopy && identities.length > 0
        ? new LocalCopy({ file: copy, application, coordinates, identities, clock, log })
        : undefined,
    evidence,
  });
}

function readRelease(environment: Environment): { readonly component?: string; readonly release?: string } {
  const [component, release] = [
    readVariable(environment, 'PLUMB_COMPONENT'),
    readVariable(environment, 'PLUMB_RELEASE'),
  ];
  return { ...(component !== undefined && { component }), ...(release !== undefined && { release }) };
}

function orderSources({ defaults, sources = [] }: OpenConfigOptions, store: StoreSource | undefined): ConfigSource[] {
  const hasPlace = sources.some(isStorePlace);
  const placed = sources.flatMap((source) => (isStorePlace(source) ? (store ?? []) : source));
  const all = hasPlace || store === undefined ? placed : [...placed, store];
  return defaults === undefined ? all : [defaultsSource(defaults), ...all];
}

function defaultsSource(defaults: ConfigObject): ConfigSource {
  const name = 'defaults';
  return {
    name,
    // Frozen later, so not the caller's own.
    open: async ({ publish }) => publish({ values: saidBy(name, Object.entries(structuredClone(defaults))) }),
  };
}

function faultsOf(snapshot: ConfigSnapshot, schema: v.GenericSchema): string[] {
  const outcome = v.safeParse(schema, snapshot.get());
  return outcome.success ? [] : schemaFaults(outcome.issues, '', snapshot).map(({ message }) => message);
}

function statusOf(
  revision: number,
  { status: sources, faults }: SourceRunner,
  store: StoreSource | undefined,
  clock: Clock,
): ConfigStatus {
  const copied = store?.copied;
  if (copied === undefined) return { revision, sources, faults };
  const { file, savedAt } = copied;
  const copy = { file, revision: copied.revision, savedAt, ageMs: Math.max(0, clock.now() - savedAt) };
  return { revision, sources, faults, copy };
}
