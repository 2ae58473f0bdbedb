/**
 * Consul's HTTP API on the dictionary and the store, for programs that know Consul and not Plumb. A pure handler: a
 * listener hands it requests whose caller is known, under `/v1/`, and carries what it answers.
 *
 * What is registered here is in the dictionary as observed instances, and the dictionary's instances are in Consul's
 * catalogue. The index of every answer is a revision of the one store.
 */
import { type Clock, isName, type Log, OperatingError, type Random } from '@plumb/base';
import type { Kv } from '@plumb/kv';
import { agentCheckEndpoints } from './agent-check-endpoints.ts';
import { agentEndpoints } from './agent-endpoints.ts';
import { BlockingPlaces, BlockingQueries } from './blocking.ts';
import { catalogEndpoints } from './catalog-endpoints.ts';
import { CatalogQuery } from './catalog-query.ts';
import { CatalogView } from './catalog-view.ts';
import { CatalogWriter } from './catalog-writer.ts';
import { CheckRunner } from './check-runner.ts';
import { badRequest, ConsulError } from './consul-error.ts';
import type { ConsulAnswer, ConsulRequest, EndpointRequest } from './consul-request.ts';
import { DeletedKeys } from './deleted-keys.ts';
import { type Announcer, DictionaryReflection } from './dictionary-reflection.ts';
import { eventEndpoints } from './event-endpoints.ts';
import { healthEndpoints } from './health-endpoints.ts';
import { kvEndpoints } from './kv-endpoints.ts';
import { KV_PREFIX } from './kv-record.ts';
import { KvWriter } from './kv-writer.ts';
import { LockDelays } from './lock-delays.ts';
import { LockKeeper } from './lock-keeper.ts';
import { type ConsulAgent, OWN_SERVICE } from './node-identity.ts';
import { Router } from './router.ts';
import { ServiceWait } from './service-wait.ts';
import { sessionEndpoints } from './session-endpoints.ts';
import { guardSessions } from './session-guard.ts';
import { Sessions } from './sessions.ts';
import { SharedReads } from './shared-reads.ts';
import { statusEndpoints } from './status-endpoints.ts';
import { StoreFollower, type StoreListener } from './store-follower.ts';
import { Topics } from './topics.ts';
import { txnEndpoints } from './txn-endpoint.ts';

export type ConsulDoorDependencies = {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly agent: ConsulAgent;
  /** Where what is registered here is told to the dictionary. */
  readonly announcer: Announcer;
  /** Told who looked a service up that is there, and that the dictionary can name. */
  readonly noteUse?: ((service: string, caller: ConsulRequest['caller']) => void) | undefined;
};

export type ConsulDoor = AsyncDisposable & {
  /** Never rejects. A request that blocks ends when its signal aborts, and all do when the door closes. */
  readonly answer: (request: ConsulRequest) => Promise<ConsulAnswer>;
};

/** Resolves when the catalogue is read, and what earlier runs left is put in order. */
export async function openConsulDoor(dependencies: ConsulDoorDependencies): Promise<ConsulDoor> {
  const { kv, clock, random, log, agent, announcer, noteUse } = dependencies;
  const stop = new AbortController();
  const closing = stop.signal;
  const topics = new Topics();
  const deleted = new DeletedKeys();
  const delays = new LockDelays(clock);
  const locks = new LockKeeper({ kv, clock, log, delays, closing });
  const sessions = new Sessions(kv, topics, ({ id }) => void locks.letGo(id));
  const view = new CatalogView(kv, { topics, agent });
  const reflection = new DictionaryReflection({ kv, view, announcer, clock, log, closing });
  const follower = new StoreFollower(kv, [deletedKeysListener(deleted), sessions, view, reflection], log);
  const writer = new CatalogWriter({ kv, view, follower });
  const runner = new CheckRunner({ view, writer, node: agent.nodeName, clock, log, closing });
  guardSessions({ view, sessions, locks, log, closing });

  const places = new BlockingPlaces(closing);
  const blocking = new BlockingQueries({ clock, random, revision: kv.revision, places });
  const reads = new SharedReads(kv.revision);
  const query = new CatalogQuery({ view, topics, follower, reads, blocking });
  const wait = new ServiceWait({ topics, follower, places, clock, topic: `node:${agent.nodeName}` });
  const note = (service: string, { caller }: EndpointRequest): void => {
    if (service !== OWN_SERVICE && isName(service) && view.hasService(service)) noteUse?.(service, caller);
  };
  const router = new Router(
    {
      ...statusEndpoints(agent),
      ...agentEndpoints({ agent, view, writer, reflection, wait }),
      ...agentCheckEndpoints({ agent, view, writer, runner, reflection }),
      ...catalogEndpoints({ view, query, writer, agent, noteUse: note }),
      ...healthEndpoints({ view, query, agent, noteUse: note }),
      ...kvEndpoints({ kv, follower, deleted, reads, blocking, writer: new KvWriter(kv), sessions, delays }),
      ...txnEndpoints({ kv, follower, sessions, delays }),
      ...sessionEndpoints({ kv, clock, agent, view, sessions, locks, follower, topics, blocking }),
      ...eventEndpoints({ topics, places, clock, random, revision: kv.revision }),
    },
    { log, check: (request) => requireHere(request, agent) },
  );

  await markFormat(kv);
  const following = follower.follow(closing);
  await follower.caughtUp();
  await locks.recover((session) => sessions.get(session) !== undefined);
  await reflection.settled();
  return {
    answer: (request) => router.answer(request),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
      await locks.settle();
      await reflection.settled();
    },
  };
}

/** What is kept under `consul/` is of this version. */
const FORMAT = '1';

/**
 * Refuses what a later version wrote. It also makes the revision at least 1: an index of 0 stands for none, so the first
 * change must come after it.
 * @throws OperatingError `invalid`.
 */
async function markFormat(kv: Kv): Promise<void> {
  const key = 'consul/format';
  const entry = await kv.get(key);
  const format = entry === undefined ? undefined : Buffer.from(entry.value).toString();
  if (format !== undefined && format !== FORMAT) {
    throw new OperatingError(
      'invalid',
      `what is under consul/ has the format ${format}: start the version of Plumb that wrote it`,
    );
  }
  if (format === undefined) await kv.transact([{ kind: 'put', key, value: Buffer.from(FORMAT) }]);
}

function deletedKeysListener(deleted: DeletedKeys): StoreListener {
  return {
    onSnapshot: (_entries, revision) => deleted.reset(revision),
    onChange({ revision, deletes }) {
      for (const key of deletes) if (key.startsWith(KV_PREFIX)) deleted.add(key, revision);
    },
  };
}

/** There is one datacenter, and no namespaces. @throws ConsulError in Consul's words. */
function requireHere({ path, query }: ConsulRequest, { datacenter }: ConsulAgent): void {
  const wanted = query.get('dc') ?? '';
  if (wanted !== '' && wanted !== datacenter && !path.startsWith('/v1/agent/')) {
    throw new ConsulError(500, 'No path to datacenter');
  }
  for (const name of ['ns', 'partition']) {
    const value = query.get(name) ?? '';
    if (value === '' || value === 'default') continue;
    const what = name === 'ns' ? 'Namespaces' : 'Partitions';
    throw badRequest(`Invalid query parameter: "${name}" - ${what} are a Consul Enterprise feature`);
  }
}
