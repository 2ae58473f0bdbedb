/** What plumbd is to the programs that it knows: dictionary, configuration and identity behind one encrypted door. */
import { type Log, silentLog, systemClock as clock, systemRandom as random } from '@plumb/base';
import { configContract } from '@plumb/config-store';
import { openConfigStore } from '@plumb/config-store/server';
import { identityContract } from '@plumb/identity';
import { createIdentity } from '@plumb/identity/server';
import type { Kv } from '@plumb/kv';
import { type Caller, type Connection, connectDispatcher, createClient, createDispatcher } from '@plumb/rpc';
import { generateKeyPair, type KeyPair, listenZeromq } from '@plumb/rpc/node';
import { type RegistryClient, registryContract } from '../src/index.ts';
import { openRegistry, type ReadConfig } from '../src/server.ts';

const INSTANCE_SCOPES = ['config:read', 'registry:read', 'registry:register', 'identity:identify'];

export type ControlPlane = AsyncDisposable & {
  readonly registry: RegistryClient;
  readonly connection: Connection;
  readonly address: string;
  readonly keys: KeyPair;
  /** The environment of a program that it knows by a key of its own, as plumbd makes it. */
  readonly environmentOf: (
    application: string,
    component: string,
    id?: string,
    own?: KeyPair,
  ) => Readonly<Record<string, string>>;
};

export type ControlPlaneOptions = {
  readonly kv: Kv;
  /** To be found again where an earlier one was. */
  readonly address?: string;
  readonly keys?: KeyPair;
  readonly log?: Log;
};

export async function openControlPlane({
  kv,
  address = 'tcp://127.0.0.1:0',
  keys = generateKeyPair(),
  log = silentLog,
}: ControlPlaneOptions): Promise<ControlPlane> {
  await using opening = new AsyncDisposableStack();
  const dispatcher = createDispatcher({ log, clock });
  const connection = opening.use(connectDispatcher(dispatcher, { id: 'plumb', scopes: ['*'] }, { clock }));
  const identity = createIdentity({ kv, clock, log, operatorKey: 'o', consoleUrl: () => '' });
  dispatcher.add('identity', identityContract, identity.handlers);
  const configStore = opening.use(await openConfigStore({ kv, clock, random, log }));
  dispatcher.add('config', configContract, configStore.handlers);
  const service = opening.use(
    await openRegistry({
      kv,
      clock,
      log,
      hostName: 'here',
      readConfig: async (application, { caller, coordinates }) =>
        (await dispatcher.call('config.snapshot', { application, ...coordinates }, caller)) as Awaited<
          ReturnType<ReadConfig>
        >,
    }),
  );
  dispatcher.add('registry', registryContract, service.handlers);
  const listener = opening.use(
    await listenZeromq({
      addresses: [address],
      authenticate: async () => undefined,
      curve: {
        secretKey: keys.secretKey,
        async identify(publicKey): Promise<Caller | undefined> {
          const outcome = await identity.authenticator.authenticateKey(publicKey);
          return outcome.kind === 'known' ? outcome.caller : undefined;
        },
      },
      accept: dispatcher.accept,
      log,
      clock,
    }),
  );
  const [bound = address] = listener.addresses;
  const open = opening.move();
  return {
    registry: createClient(registryContract, 'registry', connection),
    connection,
    address: bound,
    keys,
    environmentOf(application, component, id = `${application}-${component}-1`, own = generateKeyPair()) {
      identity.authenticator.openInstanceKey(own.publicKey, { id, scopes: INSTANCE_SCOPES, application });
      return {
        PLUMB_RPC: bound,
        PLUMB_RPC_KEY: keys.publicKey,
        PLUMB_CURVE_KEY: own.secretKey,
        PLUMB_APPLICATION: application,
        PLUMB_COMPONENT: component,
        PLUMB_INSTANCE: id,
        PLUMB_RELEASE: 'r1',
      };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
