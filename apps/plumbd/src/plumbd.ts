/**
 * The one daemon: opens the store, starts the services on it, opens the doors, and takes all of it down in reverse.
 * This file is the list of what a control plane is made of.
 */
import { type LogLevel, OperatingError, silentLog, systemClock as clock, systemRandom as random } from '@plumb/base';
import { createChains } from '@plumb/chains/server';
import { openConfigStore } from '@plumb/config-store/server';
import { openDeploy } from '@plumb/deploy/server';
import { type Events, openEvents } from '@plumb/events/server';
import { createIdentity } from '@plumb/identity/server';
import { openRocksKv } from '@plumb/kv/rocks';
import { formatExposition, openMetrics, prometheusApi } from '@plumb/metrics/server';
import { announceTo, openConsulDoor } from '@plumb/registry/consul';
import { openDnsDoor } from '@plumb/registry/dns';
import { openRegistry, type ReadConfig, type RegistryService } from '@plumb/registry/server';
import { type Caller, connectDispatcher, createDispatcher, createWebSocketChannel } from '@plumb/rpc';
import { generateKeyPair } from '@plumb/rpc/node';
import { openLogFile } from '@plumb/supervise';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from './child-environment.ts';
import { type Clients, contracts, createClients, isStream } from './clients.ts';
import { createDaemonLog } from './daemon-log.ts';
import { type Doors, openDataDirectory, readProcessStart, removeDoors, writeDoors } from './data-directory.ts';
import { openHttpDoor } from './http-door.ts';
import { createOwnMetrics } from './own-metrics.ts';
import { queryNumber } from './query-number.ts';
import { httpRoutes } from './routes.ts';
import { openRpcDoor } from './rpc-door.ts';
import { readStaticFiles } from './static-files.ts';

export type PlumbdOptions = {
  readonly dataDirectory: string;
  /** 0 for any free one. */
  readonly httpPort: number;
  readonly rpcPort: number;
  /** Absent: no DNS. */
  readonly dnsPort?: number | undefined;
  /** Absent: no door for clients of etcd. */
  readonly etcdPort?: number | undefined;
  readonly scrapePeriodMs?: number | undefined;
  readonly logLevel: LogLevel;
  /** The environment that plumbd was started in: what children inherit of it, and the SMTP password. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

export type Plumbd = AsyncDisposable & {
  readonly doors: Doors;
  readonly services: Clients;
  /** A link that signs one browser in, once. */
  readonly signInLink: () => Promise<string>;
};

/** Plumb itself, where one service calls another. */
const SYSTEM: Caller = { id: 'plumb', scopes: ['*'] };
/** What a process that Plumb runs may do: read its configuration, find services, announce itself, know its callers. */
const INSTANCE_SCOPES = ['config:read', 'registry:read', 'registry:register', 'identity:identify'];

const LOOPBACK = '127.0.0.1';
/** Consul's own default, and what its clients expect who name none. */
const CONSUL_DATACENTER = 'dc1';

const CONSOLE_DIRECTORY = fileURLToPath(new URL('../../console/dist', import.meta.url));

/**
 * Opens a control plane on a data directory. Everything that it started ends when it is disposed.
 * @throws OperatingError with what failed and what to do; then nothing is left running.
 */
export async function openPlumbd(options: PlumbdOptions): Promise<Plumbd> {
  await using opening = new AsyncDisposableStack();
  const files = await readStaticFiles(CONSOLE_DIRECTORY);
  const directory = await openDataDirectory(options.dataDirectory);
  // Its own trouble has nowhere else to be told.
  const logFile = opening.use(openLogFile({ file: path.join(directory.path, 'logs', 'plumbd.log'), log: silentLog }));
  const log = createDaemonLog(options.logLevel, (stream, line) => logFile.append({ at: clock.now(), stream, line }));
  log.info('plumbd.open', { pid: process.pid, directory: directory.path });

  const kv = opening.use(await openRocksKv({ directory: path.join(directory.path, 'kv'), clock, log }));
  let registry: RegistryService | undefined;
  const dispatcher = createDispatcher({
    log,
    clock,
    observe(caller, method) {
      if (caller !== SYSTEM) registry?.observe(caller, method);
    },
  });
  const connection = opening.use(connectDispatcher(dispatcher, SYSTEM, { clock }));
  const services = createClients(connection);
  const hostName = os.hostname();
  const ready = Promise.withResolvers<void>();
  let doors: Doors | undefined;

  const identity = createIdentity({
    kv,
    clock,
    log,
    operatorKey: directory.operatorKey,
    consoleUrl: () => doors?.http ?? '',
  });
  // As whoever asks: the service decides which secrets it is sent.
  const readConfig: ReadConfig = async (application, { caller, coordinates }) =>
    (await dispatcher.call('config.snapshot', { application, ...coordinates }, caller)) as Awaited<
      ReturnType<ReadConfig>
    >;
  registry = opening.use(await openRegistry({ kv, clock, log, hostName, readConfig }));

  const chains = createChains({ clock, log });
  dispatcher.add('identity', contracts.identity, identity.handlers);
  dispatcher.add('registry', contracts.registry, registry.handlers);
  let journal: Events['journal'] | undefined;
  const config = opening.use(
    await openConfigStore({
      kv,
      clock,
      random,
      log,
      queryNumber: (query, signal) => queryNumber(services.metrics, query, signal),
      async journal(application, text) {
        if (journal === undefined) throw new OperatingError('unavailable', 'the journal is not open yet: try again');
        await journal({ kind: 'deploy', application, text });
      },
    }),
  );
  dispatcher.add('config', contracts.config, config.handlers);
  dispatcher.add('chains', contracts.chains, chains.handlers);

  const events = opening.use(
    await openEvents({
      kv,
      config: services.config,
      clock,
      random,
      log,
      smtpPassword: options.env['PLUMB_SMTP_PASSWORD'],
      consoleUrl: () => doors?.http,
      hostName,
    }),
  );
  dispatcher.add('events', contracts.events, events.handlers);
  journal = events.journal;

  const ownMetrics = createOwnMetrics(dispatcher);
  opening.defer(ownMetrics.close);
  const metrics = opening.use(
    await openMetrics({
      dataDirectory: path.join(directory.path, 'metrics'),
      registry: services.registry,
      deploy: services.deploy,
      sources: [
        { job: 'plumbd', instance: hostName, labels: {}, collect: ownMetrics.text },
        { job: 'chains', instance: hostName, labels: {}, collect: async () => formatExposition(chains.metrics()) },
      ],
      clock,
      random,
      log,
      scrapePeriodMs: options.scrapePeriodMs,
    }),
  );
  dispatcher.add('metrics', contracts.metrics, metrics.handlers);

  let httpPort = 0;
  const consul = opening.use(
    await openConsulDoor({
      kv,
      clock,
      random,
      log,
      agent: { nodeName: hostName, datacenter: CONSUL_DATACENTER, address: LOOPBACK, port: () => httpPort },
      announcer: announceTo(registry.handlers),
      noteUse(service, { id, application, scopes }) {
        // Whoever may do everything looks at everything: that is no use.
        if (scopes.includes('*')) return;
        registry?.noteUse({ kind: 'lookedUp', service, caller: id, application });
      },
    }),
  );
  const rpc = opening.use(
    await openRpcDoor({
      dataDirectory: directory.path,
      port: options.rpcPort,
      secretKey: directory.keys.secretKey,
      authenticator: identity.authenticator,
      accept: dispatcher.accept,
      ready: ready.promise,
      clock,
      log,
    }),
  );
  const http = opening.use(
    await openHttpDoor({
      host: LOOPBACK,
      port: options.httpPort,
      authenticator: identity.authenticator,
      ready: ready.promise,
      async call(method, input, caller, signal) {
        if (!isStream(method)) return dispatcher.call(method, input, caller, { signal });
        throw new OperatingError(
          'invalid',
          `${method} answers with a stream: read it with "plumb call ${method} '{}'"`,
        );
      },
      acceptSocket: (socket, caller) => dispatcher.accept(createWebSocketChannel(socket, { clock }), caller),
      routes: httpRoutes({
        ownMetrics: ownMetrics.text,
        prometheus: prometheusApi(metrics.handlers),
        consul,
        trouble: () => undefined,
      }),
      files,
      observe: ownMetrics.observeRequest,
      log,
    }),
  );

  httpPort = http.port;
  const dns =
    options.dnsPort === undefined
      ? undefined
      : opening.use(
          await openDnsDoor({
            registry: services.registry,
            port: options.dnsPort,
            observe(fact) {
              ownMetrics.observeDns(fact);
              // DNS does not say who asks: to know that somebody does is better than nothing.
              if (fact.service !== undefined)
                registry.noteUse({ kind: 'lookedUp', service: fact.service, caller: 'dns', application: undefined });
            },
            clock,
            random,
            log,
          }),
        );

  const etcd =
    options.etcdPort === undefined
      ? undefined
      : opening.use(
          // Loaded where it is wanted: gRPC takes its time and memory.
          await (
            await import('@plumb/registry/etcd')
          ).openEtcdDoor({
            kv,
            authenticate: (token, address) => identity.authenticator.authenticateToken(token, address),
            host: LOOPBACK,
            port: options.etcdPort,
            hostName,
            identity: directory.keys.publicKey,
            observe: ownMetrics.observeEtcd,
            clock,
            log,
          }),
        );

  const deploy = opening.use(
    await openDeploy({
      kv,
      registry: services.registry,
      config: services.config,
      chains: chains.planner,
      clock,
      random,
      log,
      dataDirectory: directory.path,
      hostName,
      owner: directory.owner,
      baseEnvironment: childEnvironment(options.env, process.execPath),
      async openInstance({ application, instanceId }) {
        const { publicKey, secretKey } = generateKeyPair();
        const caller = { id: instanceId, scopes: INSTANCE_SCOPES, application };
        const { revoke } = identity.authenticator.openInstanceKey(publicKey, caller);
        const own = connectDispatcher(dispatcher, caller, { clock });
        return {
          config: createClients(own).config,
          env: { PLUMB_RPC: rpc.tcpAddress, PLUMB_RPC_KEY: directory.keys.publicKey, PLUMB_CURVE_KEY: secretKey },
          publicKey,
          async close() {
            own.close();
            revoke();
          },
        };
      },
      journal: events.journal,
    }),
  );
  dispatcher.add('deploy', contracts.deploy, deploy.handlers);
  // Units may take most of the five seconds that Ctrl-C has, and the worker most of them too: they end side by side.
  opening.defer(() => {
    // What fails in it is told in its own turn, below.
    metrics[Symbol.asyncDispose]().then(undefined, () => undefined);
  });
  events.observe(services.deploy);

  doors = {
    pid: process.pid,
    processStart: await readProcessStart(process.pid),
    startedAt: clock.now(),
    http: `http://localhost:${http.port}`,
    rpc: rpc.addresses,
    rpcKey: directory.keys.publicKey,
    ...(dns !== undefined && { dns: `${dns.host}:${dns.port}` }),
    ...(etcd !== undefined && { etcd: `http://${etcd.host}:${etcd.port}` }),
  };
  await writeDoors(directory.path, doors);
  opening.defer(() => removeDoors(directory.path));
  ready.resolve();
  log.info('plumbd.ready', { http: doors.http, rpc: doors.rpc, dns: doors.dns, etcd: doors.etcd });

  const open = opening.move();
  return {
    doors,
    services,
    signInLink: async () => (await services.identity.createSignInLink({})).url,
    async [Symbol.asyncDispose]() {
      log.info('plumbd.close');
      await open.disposeAsync();
    },
  };
}
