/**
 * How a program that Plumb runs, or that holds a key or token of it, takes part: one call connects it, announces it, and
 * hands over its configuration, its peers, and who its callers are.
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
import { type Config, type ConfigObject, openConfig, type OpenConfigOptions, readCoordinates } from '@plumb/config';
import { identityContract } from '@plumb/identity';
import { type Connection, createClient, openConnection, type Resolver } from '@plumb/rpc';
import { callContext, type CallerLookup, type KeyPair, openZeromqChannel } from '@plumb/rpc/node';
import os from 'node:os';
import { CallerCounts } from './caller-counts.ts';
import { reportCounts } from './report-counts.ts';
import { type Briefing, type RegistryClient, registryContract } from './contract.ts';
import type { Health } from './dictionary-schemas.ts';
import { createCallerLookup } from './known-callers.ts';
import { type Announcement, Membership } from './membership.ts';
import { readSelf } from './read-self.ts';
import { RegistryCache } from './registry-cache.ts';

/** A plumbd that starts at the same time is there by then; a start that hangs for longer helps nobody. */
const JOIN_TIMEOUT_MS = 10_000;
/** As long as that, where there is a copy of the configuration to begin with, as `openConfig` waits for its first values. */
const COPY_USED_AFTER_MS = 2_000;

export type JoinRegistryOptions = {
  /** Where `PLUMB_APPLICATION`, `PLUMB_COMPONENT`, `PLUMB_INSTANCE`, `PLUMB_REGION`, `HOST`, `PORT` and the way to Plumb are read from: `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The service that it offers; `APPLICATION-COMPONENT` where it is left out. */
  readonly service?: string | undefined;
  /** Names the application of a service that nobody declared, for a program that Plumb does not run. */
  readonly application?: string | undefined;
  /** Where it offers its service; the `PORT` and `HOST` of the environment where it is left out. */
  readonly port?: number | undefined;
  readonly address?: string | undefined;
  /** Where it is, as its neighbours say it too: calls to others stay there while they can. `PLUMB_REGION` where it is left out. */
  readonly zone?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly facts?: Readonly<Record<string, string>> | undefined;
  /** The default is ready: join when it is, or say so by `reportHealth`. */
  readonly health?: Health | undefined;
  /** Values of the configuration for what nobody has set; `sources` and `schema` are those of `openConfig`. */
  readonly defaults?: ConfigObject | undefined;
  readonly sources?: OpenConfigOptions['sources'] | undefined;
  readonly schema?: OpenConfigOptions['schema'] | undefined;
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
};

export type RegistryMembership = AsyncDisposable & {
  readonly instanceId: string;
  readonly application: string;
  /** What it is called in the dictionary, and what its callers ask for: the `name` to serve. */
  readonly service: string;
  /** Where to serve, `tcp://HOST:PORT`: the port that Plumb chose, or any free one, which is then to be announced. */
  readonly at: string;
  /** What it proves itself with, to Plumb, to those whom it calls, and to those who call it. */
  readonly keys: KeyPair;
  /** `serve({ …, callers })`: who holds a key, as Plumb knows it; whose calls it counts, Plumb is told. */
  readonly callers: CallerLookup;
  /** `connect('registry:NAME', membership)` needs no more: it finds `resolver` and `keys` here. */
  readonly resolver: Resolver;
  readonly services: RegistryCache;
  readonly config: Config;
  readonly registry: RegistryClient;
  /** To Plumb: for clients of its other services. */
  readonly connection: Connection;
  /** Says where the service is, when its port was not known at first, or is another. */
  readonly announce: (place: { readonly port: number; readonly address?: string }) => Promise<void>;
  /** Kept, and said again after a lost connection. It is ready when Plumb's own probe, where there is one, says so too. */
  readonly reportHealth: (health: Health) => Promise<void>;
};

/**
 * Connects to Plumb and joins the dictionary: resolves when the program is announced, or, where it has no port yet, when
 * it was told what it needs. From then on it joins again by itself whenever the connection was lost; while Plumb is away,
 * configuration, instances and callers stay as they were known last. Where it is away at the start, a program with a local
 * copy of its configuration begins with that after some seconds, and joins when Plumb is back; it has no peers until then.
 * Dispose it to leave; the end of the process does the same a second later.
 * @throws OperatingError `deadline` where Plumb does not answer in time, `denied` for a key or token that it does not know
 * or that is not for this application, `not-found` for a service that is not declared, `invalid` for half an environment.
 *
 * @example
 * await using plumb = await joinRegistry({ environment: process.env });
 * await using server = await serve({ name: plumb.service, methods, at: plumb.at, keys: plumb.keys, callers: plumb.callers });
 * await using tax = await connect<TaxMethods>('registry:tax-api', plumb);
 */
export async function joinRegistry(options: JoinRegistryOptions): Promise<RegistryMembership> {
  const { environment, log = silentLog, clock = systemClock, random = systemRandom } = options;
  const { health, defaults, sources, schema } = options;
  const self = readSelf(options, clock);
  const world = { clock, random, log };
  await using opening = new AsyncDisposableStack();
  const connection = opening.use(
    openConnection({
      open: (signal) => openZeromqChannel({ ...self.door, clock, signal }),
      context: callContext,
      ...world,
    }),
  );
  const registry = createClient(registryContract, 'registry', connection);
  const { instanceId, application, service, keys, address, port, zone } = self;
  const services = opening.use(new RegistryCache({ registry, near: { host: os.hostname(), zone }, ...world }));
  const { tags, facts } = options;
  const coordinates = readCoordinates(environment);
  const place: Omit<Announcement, 'address' | 'port'> = {
    ...(zone !== undefined && { zone }),
    ...(tags !== undefined && { tags: [...tags] }),
    ...(facts !== undefined && { facts: { ...facts } }),
    publicKey: keys.publicKey,
  };
  const membership = new Membership({
    registry,
    registration: {
      service,
      instanceId,
      host: os.hostname(),
      release: environment['PLUMB_RELEASE'],
      application: options.application,
      coordinates,
    },
    onBriefing: ({ peers }) => {
      for (const { service: peer, instances } of peers) services.seed(peer, instances);
    },
    ...world,
  });
  opening.defer(() => membership.leave());

  const joining =
    port === undefined
      ? registry.briefing({ application, component: environment['PLUMB_COMPONENT'], coordinates })
      : membership.announce({ ...place, address, port }, health);
  const openOwnConfig = (initial: Briefing['config']): Promise<Config> =>
    openConfig({
      connection,
      environment: { ...environment, PLUMB_APPLICATION: application, PLUMB_INSTANCE: instanceId },
      defaults: defaults ?? {},
      ...(sources !== undefined && { sources }),
      ...(schema !== undefined && { schema }),
      ...(initial !== undefined && { initial }),
      ...world,
    });
  const hasCopy = (environment['PLUMB_CONFIG_COPY'] ?? '') !== '';
  const briefing = await withinTime(clock, joining, hasCopy ? COPY_USED_AFTER_MS : JOIN_TIMEOUT_MS);
  if (briefing === undefined && !hasCopy) throw noAnswer();
  const config = opening.use(await openOwnConfig(briefing?.config));
  if (briefing === undefined && config.status().copy !== undefined) {
    // Plumb is away, and what is needed to begin is here.
    log.warn('registry.away', { service, instance: instanceId });
    joining.catch((error: unknown) => log.error('registry.join-refused', { error: describeError(error) }));
  } else if (briefing === undefined && (await withinTime(clock, joining, JOIN_TIMEOUT_MS)) === undefined) {
    throw noAnswer();
  }
  const counts = new CallerCounts();
  const reporting = opening.use(reportCounts(counts, { registry, clock, log }));
  const identity = createClient(identityContract, 'identity', connection);
  const callers = createCallerLookup(identity, (caller) => {
    counts.add(caller, service);
    reporting.request();
  });

  const open = opening.move();
  return {
    instanceId,
    application,
    service,
    at: `tcp://${address}:${port ?? 0}`,
    keys,
    callers,
    resolver: services.resolver,
    services,
    config,
    registry,
    connection,
    announce: async (where) => {
      await membership.announce({ ...place, address, ...where });
    },
    reportHealth: (next) => membership.reportHealth(next),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Undefined where it takes longer; then `work` goes on. */
async function withinTime<T>(clock: Clock, work: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  using _timer = clock.after(timeoutMs, () => late.resolve(undefined));
  return await Promise.race([work, late.promise]);
}

function noAnswer(): OperatingError {
  return new OperatingError('deadline', `Plumb did not answer within ${JOIN_TIMEOUT_MS} ms: does it run?`);
}
