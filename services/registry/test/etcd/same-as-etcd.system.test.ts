// The judge is etcd itself: both are asked the same over JSON, at random, and must answer the same to the last revision.
import { type EtcdServer, hasRequirement, startEtcd } from '@plumb/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { base64, openEtcdWorld } from './etcd-world.ts';

type Request = { readonly path: string; readonly body: Record<string, unknown> };
type Json = Record<string, unknown>;

const key = fc.constantFrom('a', 'a/1', 'a/2', 'a/\u00ff', 'b', 'c');
const keyBytes = key.map((text) => Buffer.from(text, 'latin1').toString('base64'));
const rangeEnd = fc.constantFrom('', '', '\0', 'a0', 'b', 'a').map(base64);
const value = fc.constantFrom('', 'x', 'y', 'zz').map(base64);
const lease = fc.constantFrom('0', '0', '0', '7', '9007199254740993');
const revision = fc.constantFrom('-1', '0', '1', '2');
const range = fc.record({ key: keyBytes, range_end: rangeEnd });
const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });

const rangeBody = fc.record({
  key: keyBytes,
  range_end: rangeEnd,
  limit: some(fc.constantFrom('1', '2')),
  sort_order: some(fc.constantFrom('ASCEND', 'DESCEND')),
  keys_only: some(fc.boolean()),
  count_only: some(fc.boolean()),
  min_mod_revision: some(fc.integer({ min: 1, max: 60 })),
  max_mod_revision: some(fc.integer({ min: 1, max: 60 })),
  min_create_revision: some(fc.integer({ min: 1, max: 60 })),
  max_create_revision: some(fc.integer({ min: 1, max: 60 })),
  serializable: some(fc.boolean()),
  revision: some(revision),
});
const rarely = fc.option(fc.boolean(), { nil: undefined, freq: 1 });
// Of two faults in one put, etcd tells one or the other, by whether it is in a transaction.
const putBody = fc.oneof(
  fc.record({ key: keyBytes, value: some(value), lease: some(lease), prev_kv: some(fc.boolean()) }),
  fc.record({ key: keyBytes, ignore_value: rarely, ignore_lease: rarely, prev_kv: some(fc.boolean()) }),
);
const deleteBody = fc.record({ key: keyBytes, range_end: rangeEnd, prev_kv: some(fc.boolean()) });
const operation = fc.oneof(
  // A revision that is not there is an error in etcd only when its branch is taken.
  rangeBody.filter(({ revision: at }) => at !== '2').map((request_range) => ({ request_range })),
  putBody.map((request_put) => ({ request_put })),
  // etcd does not notice that a delete without an end meets a put.
  deleteBody
    .filter(({ range_end }) => range_end !== base64('\0'))
    .map((request_delete_range) => ({ request_delete_range })),
);
const condition = fc
  .record({
    range: fc.oneof(fc.record({ key: keyBytes }), range),
    result: fc.constantFrom('EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL'),
    target: fc.oneof(
      fc.integer({ min: 0, max: 4 }).map((version) => ({ target: 'VERSION', version: String(version) })),
      fc.integer({ min: 0, max: 60 }).map((at) => ({ target: 'CREATE', create_revision: String(at) })),
      fc.integer({ min: 0, max: 60 }).map((at) => ({ target: 'MOD', mod_revision: String(at) })),
      value.map((text) => ({ target: 'VALUE', value: text })),
      lease.map((id) => ({ target: 'LEASE', lease: id })),
    ),
  })
  .map(({ range: keys, result, target }) => ({ ...keys, result, ...target }));
const branch = fc.array(operation, { maxLength: 3 });
const request: fc.Arbitrary<Request> = fc.oneof(
  { weight: 4, arbitrary: rangeBody.map((body) => ({ path: '/v3/kv/range', body })) },
  { weight: 4, arbitrary: putBody.map((body) => ({ path: '/v3/kv/put', body })) },
  { weight: 2, arbitrary: deleteBody.map((body) => ({ path: '/v3/kv/deleterange', body })) },
  {
    weight: 4,
    arbitrary: fc
      .record({ compare: fc.array(condition, { maxLength: 2 }), success: branch, failure: branch })
      .map((body) => ({ path: '/v3/kv/txn', body })),
  },
  { weight: 1, arbitrary: lease.map((ID) => ({ path: '/v3/lease/revoke', body: { ID } })) },
  {
    weight: 1,
    arbitrary: fc
      .record({ ID: fc.constantFrom('7', '9007199254740993'), TTL: fc.constantFrom('0', '100', '1000') })
      .map((body) => ({ path: '/v3/lease/grant', body })),
  },
  { weight: 1, arbitrary: lease.map((ID) => ({ path: '/v3/lease/timetolive', body: { ID, keys: true } })) },
  { weight: 1, arbitrary: lease.map((ID) => ({ path: '/v3/lease/keepalive', body: { ID } })) },
  { weight: 1, arbitrary: fc.constant({ path: '/v3/lease/leases', body: {} }) },
);

if (hasRequirement('etcd', 'install it with "apt-get install etcd-server"')) {
  let etcd: EtcdServer;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  // A real one that knows no users refuses a token.
  const credentials = (url: string): Record<string, string> =>
    url === etcd.endpoint ? {} : { authorization: 'all.secret' };
  const ask = async (url: string, { path, body }: Request): Promise<Json> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: credentials(url),
      body: JSON.stringify(body),
    });
    return { status: response.status, ...(normal(await response.json()) as Json) };
  };

  test('whatever is asked, etcd and the door answer the same', async () => {
    await using world = await openEtcdWorld();
    const history: Request[] = [];
    const check = async (one: Request): Promise<void> => {
      history.push(one);
      const [ours, theirs] = [await ask(world.url, one), await ask(etcd.endpoint, one)];
      expect(ours, JSON.stringify(history.slice(-5))).toEqual(theirs);
    };
    // One history, since both go on from where they are: a shorter one would not be the same.
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 5, maxLength: 10 }), async (requests) => {
        for (const one of requests) await check(one);
      }),
      { numRuns: 60, endOnFailure: true },
    );
    const everything = { key: base64('\0'), range_end: base64('\0') };
    for (const bound of ['min_mod_revision', 'max_mod_revision', 'min_create_revision', 'max_create_revision']) {
      for (const limit of [0, 1, 2, 3, 4]) {
        for (const entry of (await world.kv.list('etcd/')).entries) {
          const body = { ...everything, limit, [bound]: entry.modRevision };
          await check({ path: '/v3/kv/range', body });
        }
      }
    }
    expect(await eventsOf(world.url, world.kv.revision())).toEqual(await eventsOf(etcd.endpoint, world.kv.revision()));
    for (const revision of ['40', '40', '39', '1000000', '0']) {
      await check({ path: '/v3/kv/compaction', body: { revision } });
    }
    await check({ path: '/v3/kv/range', body: { key: base64('a'), revision: 39 } });
    await check({ path: '/v3/kv/range', body: { key: base64('a'), range_end: base64('\0'), revision: 40 } });
    expect(world.logged).toEqual([]);
  });

  test('whatever is wrong with a request, both say the same', async () => {
    await using world = await openEtcdWorld();
    const many = Array.from({ length: 129 }, (_, i) => ({ request_put: { key: base64(`${i}`) } }));
    const put = { request_put: { key: base64('a') } };
    const cases: readonly Request[] = [
      { path: '/v3/kv/range', body: {} },
      { path: '/v3/kv/put', body: { value: base64('x') } },
      { path: '/v3/kv/put', body: { key: base64('a'), value: base64('x'), ignore_value: true } },
      { path: '/v3/kv/put', body: { key: base64('a'), lease: '7', ignore_lease: true } },
      { path: '/v3/kv/put', body: { key: base64('none'), ignore_value: true } },
      { path: '/v3/kv/put', body: { key: base64('a'), lease: '12345' } },
      { path: '/v3/kv/deleterange', body: {} },
      { path: '/v3/kv/txn', body: { compare: [{}] } },
      { path: '/v3/kv/txn', body: { success: [{}] } },
      { path: '/v3/kv/txn', body: { success: [put, put] } },
      { path: '/v3/kv/txn', body: { failure: [put, { request_delete_range: { key: base64('a') } }] } },
      { path: '/v3/kv/range', body: { key: base64('a'), revision: '1000000' } },
      { path: '/v3/lease/grant', body: { ID: '5', TTL: '9000000001' } },
      { path: '/v3/lease/revoke', body: { ID: '5' } },
    ];
    for (const one of cases) {
      const [ours, theirs] = [await ask(world.url, one), await ask(etcd.endpoint, one)];
      expect(ours, JSON.stringify(one)).toEqual(theirs);
    }
    expect((await world.post('/v3/kv/txn', { success: many })).body['error']).toBe(
      'etcdserver: too many operations in txn request',
    );
  });

  /** What a watch of everything says up to `revision`, an event each. */
  const eventsOf = async (url: string, revision: number): Promise<unknown[]> => {
    const all = { key: base64('\0'), range_end: base64('\0'), start_revision: '1', prev_kv: true };
    const stop = new AbortController();
    const response = await fetch(`${url}/v3/watch`, {
      method: 'POST',
      headers: credentials(url),
      body: JSON.stringify({ create_request: all }),
      signal: stop.signal,
    });
    const events: { readonly kv: { readonly key: string; readonly mod_revision: string } }[] = [];
    const last = (): number => Number(events.at(-1)?.kv.mod_revision ?? 0);
    let rest = '';
    for await (const chunk of response.body ?? []) {
      const lines = (rest + Buffer.from(chunk).toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.push(...(JSON.parse(line).result.events ?? []));
      if (last() >= revision) break;
    }
    stop.abort();
    // Within one transaction etcd has the order of its operations.
    return events.toSorted(
      (a, b) => Number(a.kv.mod_revision) - Number(b.kv.mod_revision) || compare(a.kv.key, b.kv.key),
    );
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Without what is each server's own, and what time changes. */
function normal(json: unknown, name = ''): unknown {
  if (Array.isArray(json)) {
    const list = json.map((one) => normal(one));
    return name === 'leases' || name === 'keys'
      ? list.toSorted((a, b) => compare(JSON.stringify(a), JSON.stringify(b)))
      : list;
  }
  if (typeof json !== 'object' || json === null) return json;
  const own = new Set(['cluster_id', 'member_id', 'raft_term']);
  const entries = Object.entries(json).filter(([field]) => !own.has(field));
  return Object.fromEntries(entries.map(([field, one]) => [field, normal(one, field)]));
}
