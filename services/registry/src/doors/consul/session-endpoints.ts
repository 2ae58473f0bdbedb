/** `/v1/session/`: what locks are held by. */
import type { Clock } from '@plumb/base';
import type { Kv } from '@plumb/kv';
import type { Caller } from '@plumb/rpc';
import { randomUUID } from 'node:crypto';
import { mayAll, requireSomeAccess } from './access.ts';
import type { BlockingQueries } from './blocking.ts';
import type { CatalogView } from './catalog-view.ts';
import { badRequest, ConsulError } from './consul-error.ts';
import { type EndpointRequest, type Endpoints, type Reply, requireName } from './consul-request.ts';
import { Fields } from './fields.ts';
import { formatGoDuration, parseGoDuration } from './go-duration.ts';
import {
  LOCK_DELAY_MS_DEFAULT,
  LOCK_DELAY_MS_MAX,
  SESSION_TTL_FACTOR,
  SESSION_TTL_MS_MAX,
  SESSION_TTL_MS_MIN,
  SESSIONS_MAX,
} from './limits.ts';
import type { LockKeeper } from './lock-keeper.ts';
import { type ConsulAgent, NODE_CHECK_ID } from './node-identity.ts';
import { requireShort } from './service-definition.ts';
import { type Session, sessionJson, type SessionRecord, SESSIONS_TOPIC, type Sessions } from './sessions.ts';
import type { StoreFollower } from './store-follower.ts';
import type { Topics } from './topics.ts';

export type SessionEndpointDependencies = {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly agent: ConsulAgent;
  readonly view: CatalogView;
  readonly sessions: Sessions;
  readonly locks: LockKeeper;
  readonly follower: StoreFollower;
  readonly topics: Topics;
  readonly blocking: BlockingQueries;
};

export function sessionEndpoints(dependencies: SessionEndpointDependencies): Endpoints {
  const { sessions, topics, follower, blocking } = dependencies;
  const read = (request: EndpointRequest, choose: () => readonly Session[]): Promise<Reply> => {
    requireSomeAccess(request.caller, 'consul-kv:read');
    return blocking.answer(request, async () => {
      await follower.caughtUp();
      const reply = { value: choose().map(sessionJson) };
      return {
        index: topics.index(SESSIONS_TOPIC),
        reply,
        changed: (signal) => topics.changed(SESSIONS_TOPIC, signal),
      };
    });
  };
  return {
    '/v1/session/create': { PUT: (request) => create(request, dependencies) },
    '/v1/session/destroy/': { PUT: (request) => destroy(request, dependencies) },
    '/v1/session/renew/': { PUT: (request) => renew(request, dependencies) },
    '/v1/session/info/': {
      GET: (request) => {
        const id = requireName(request, 'Missing session');
        return read(request, () => [sessions.get(id)].filter((session) => session !== undefined));
      },
    },
    '/v1/session/node/': {
      GET: (request) => {
        const node = requireName(request, 'Missing node name');
        return read(request, () => sessions.list().filter((session) => session.node === node));
      },
    },
    '/v1/session/list': { GET: (request) => read(request, () => sessions.list()) },
  };
}

async function create(request: EndpointRequest, dependencies: SessionEndpointDependencies): Promise<Reply> {
  const { caller } = request;
  requireSomeAccess(caller, 'consul-kv:write');
  const { kv, sessions, follower } = dependencies;
  await follower.caughtUp();
  const record = readSession(request, dependencies);
  requireChecks(record, dependencies.view);
  if (sessions.size >= SESSIONS_MAX) {
    throw new ConsulError(429, `there are ${sessions.size} sessions, the most there can be: destroy some`);
  }
  const lease = record.ttlMs === 0 ? undefined : await kv.grantLease(record.ttlMs * SESSION_TTL_FACTOR);
  const outcome = await sessions.collection.put(record.id, record, { ifRevision: 0, leaseId: lease?.leaseId });
  if (outcome.kind === 'committed') await follower.reached(outcome.revision);
  return { value: { ID: record.id } };
}

/** Safe to call twice. */
async function destroy(request: EndpointRequest, dependencies: SessionEndpointDependencies): Promise<Reply> {
  const { caller } = request;
  const id = requireName(request, 'Missing session');
  requireSomeAccess(caller, 'consul-kv:write');
  const { kv, sessions, locks, follower } = dependencies;
  await follower.caughtUp();
  const session = sessions.get(id);
  if (session === undefined) return { value: true };
  requireOwner(session, caller);
  await locks.end(id, [sessions.collection.deleteOperation(id)]);
  if (session.leaseId !== undefined) await kv.revokeLease(session.leaseId);
  await follower.caughtUp();
  return { value: true };
}

async function renew(request: EndpointRequest, dependencies: SessionEndpointDependencies): Promise<Reply> {
  const id = requireName(request, 'Missing session');
  requireSomeAccess(request.caller, 'consul-kv:write');
  const { kv, sessions, follower } = dependencies;
  await follower.caughtUp();
  const session = sessions.get(id);
  if (session === undefined) throw missing(id);
  requireOwner(session, request.caller);
  if (session.leaseId !== undefined) {
    await kv.keepAlive(session.leaseId).catch(() => {
      throw missing(id);
    });
  }
  return { value: [sessionJson(session)] };
}

/** Whoever holds some of the keys ends their own sessions only. */
function requireOwner({ owner, id }: Session, caller: Caller): void {
  if (owner === caller.id || mayAll(caller, 'consul-kv:write')) return;
  throw new ConsulError(403, `Permission denied: the session ${id} belongs to "${owner}"`);
}

function missing(id: string): ConsulError {
  return new ConsulError(404, `Session id '${id}' not found`);
}

function readSession({ body, caller }: EndpointRequest, { agent }: SessionEndpointDependencies): SessionRecord {
  const fields = Fields.parse(body);
  const behavior = fields.text('Behavior') || 'release';
  if (behavior !== 'release' && behavior !== 'delete') throw badRequest(`Invalid Behavior setting '${behavior}'`);
  const nodeChecks = fields.texts('NodeChecks') ?? fields.texts('Checks') ?? [NODE_CHECK_ID];
  const serviceChecks = (fields.list('ServiceChecks') ?? []).map((check) => check.text('ID') ?? '');
  for (const checkId of [...nodeChecks, ...serviceChecks]) requireShort(checkId, 'check ID');
  return {
    id: randomUUID(),
    name: requireShort(fields.text('Name') ?? '', 'session name'),
    node: requireShort(fields.text('Node') || agent.nodeName, 'node name'),
    nodeChecks,
    serviceChecks,
    lockDelayMs: Math.min(readLockDelay(fields), LOCK_DELAY_MS_MAX),
    behavior,
    ttlMs: readTtl(fields),
    owner: caller.id,
  };
}

/** Text, nanoseconds, or, as Consul takes a small number, seconds. */
function readLockDelay(fields: Fields): number {
  const raw = fields.raw('LockDelay');
  if (typeof raw === 'number' && raw >= 0 && raw < 1_000) return raw * 1_000;
  return fields.durationMs('LockDelay') ?? LOCK_DELAY_MS_DEFAULT;
}

/** The words are those that Consul's clients look for. */
function readTtl(fields: Fields): number {
  const text = fields.text('TTL') ?? '';
  if (text === '') return 0;
  const ttlMs = parseGoDuration(text);
  if (ttlMs === undefined) throw badRequest(`Request TTL decode failed: "${text}" is not a duration such as "10s"`);
  if (ttlMs === 0) return 0;
  if (ttlMs >= SESSION_TTL_MS_MIN && ttlMs <= SESSION_TTL_MS_MAX) return Math.round(ttlMs);
  const range = `[${formatGoDuration(SESSION_TTL_MS_MIN)}=${formatGoDuration(SESSION_TTL_MS_MAX)}]`;
  throw new ConsulError(500, `Invalid Session TTL '${ttlMs * 1e6}', must be between ${range}`);
}

function requireChecks({ node, nodeChecks, serviceChecks }: SessionRecord, view: CatalogView): void {
  if (!view.hasNode(node)) throw new ConsulError(500, 'Missing node registration');
  for (const checkId of [...nodeChecks, ...serviceChecks]) {
    const check = view.check(node, checkId);
    if (check === undefined) throw new ConsulError(500, `Missing check '${checkId}' registration`);
    if (check.status === 'critical') throw new ConsulError(500, `Check '${checkId}' is in critical state`);
  }
}
