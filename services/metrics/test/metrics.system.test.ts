// The real worker thread, over a real HTTP server that exposes metrics; only the dictionary is turned by hand.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createLog, systemClock, systemRandom } from '@plumb/base';
import type { DeployClient } from '@plumb/deploy';
import type { Instance, RegistryClient, RegistryEvent, Service } from '@plumb/registry';
import { connectInProcess } from '@plumb/rpc';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type MetricsClient, metricsContract } from '../src/index.ts';
import { type Metrics, openMetrics } from '../src/server.ts';

type Target = AsyncDisposable & { readonly port: number; text: string; requestCount: number };

async function openTarget(): Promise<Target> {
  const server = http.createServer((request, response) => {
    target.requestCount += 1;
    if (request.url !== '/metrics') return response.writeHead(404).end();
    const isZipped = request.headers['accept-encoding'] === 'gzip';
    response.writeHead(200, {
      'content-type': 'text/plain; version=0.0.4',
      ...(isZipped ? { 'content-encoding': 'gzip' } : {}),
    });
    response.end(isZipped ? gzipSync(target.text) : target.text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const target: Target = {
    port: (server.address() as AddressInfo).port,
    text: '',
    requestCount: 0,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return target;
}

const service: Service = {
  name: 'tipjar-web',
  application: 'tipjar',
  component: 'web',
  kind: 'process',
  protocol: 'http',
  metricsPath: '/metrics',
  needs: [],
};
const chain: Service = { ...service, name: 'tipjar-chain', component: 'chain', kind: 'chain', metricsPath: undefined };
const instanceAt = (port: number): Instance => ({
  id: `i${port}`,
  service: 'tipjar-web',
  application: 'tipjar',
  component: 'web',
  host: 'host1',
  address: '127.0.0.1',
  port,
  release: 'r1',
  startedAt: 0,
  health: { state: 'ready', sinceAt: 0 },
});

/** A dictionary that says one thing, then what `set` says. */
function createDictionary(instances: readonly Instance[]): {
  readonly client: RegistryClient;
  readonly set: (instances: readonly Instance[]) => void;
} {
  let current = instances;
  let changed = Promise.withResolvers<void>();
  const snapshot = (): RegistryEvent => ({
    kind: 'snapshot',
    revision: 1,
    applications: [],
    services: [service, chain],
    instances: [...current],
  });
  async function* watch(_input: object, { signal }: { signal: AbortSignal }): AsyncGenerator<RegistryEvent> {
    const ended = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => ended.resolve());
    while (!signal.aborted) {
      const { promise } = changed;
      yield snapshot();
      await Promise.race([promise, ended.promise]);
    }
  }
  return {
    client: { watch } as unknown as RegistryClient,
    set(next) {
      current = next;
      changed.resolve();
      changed = Promise.withResolvers();
    },
  };
}

type World = AsyncDisposable & { readonly metrics: Metrics; readonly client: MetricsClient; readonly events: string[] };

async function openWorld(dataDirectory: string, registry: RegistryClient): Promise<World> {
  const events: string[] = [];
  const deploy = {
    status: async () => [{ units: [{ application: 'tipjar', component: 'web', pid: process.pid }] }],
  } as unknown as DeployClient;
  const metrics = await openMetrics({
    dataDirectory,
    registry,
    deploy,
    sources: [
      {
        job: 'chains',
        instance: 'host1',
        labels: {},
        collect: async () => '# TYPE chain_height gauge\nchain_height{application="tipjar",component="chain"} 7\n',
      },
    ],
    clock: systemClock,
    random: systemRandom,
    log: createLog((level, event) => events.push(`${level} ${event}`)),
    // Its time-out is 0.8 of it: on two busy cores a shorter one would fail scrapes now and then.
    scrapePeriodMs: 500,
  });
  const client = connectInProcess(metricsContract, metrics.handlers, { id: 'test', scopes: ['metrics:read'] });
  return {
    metrics,
    client,
    events,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await metrics[Symbol.asyncDispose]();
    },
  };
}

const valuesOf = async (client: MetricsClient, query: string): Promise<unknown[]> => {
  const result = await client.query({ query });
  return result.kind === 'vector' ? result.samples.map(({ point }) => point[1]) : [];
};
const valueIs = (client: MetricsClient, query: string, expected: unknown): Promise<boolean> =>
  until(
    `${query} is ${String(expected)}`,
    async () => JSON.stringify(await valuesOf(client, query)) === JSON.stringify(expected),
  );

test('instances of the dictionary, the host, units and sources are scraped, queried, listed and drawn', async () => {
  await using directory = await openTemporaryDirectory();
  await using target = await openTarget();
  target.text = '# HELP tips_total Tips.\n# TYPE tips_total counter\ntips_total{currency="eth"} 5\n';
  const dictionary = createDictionary([instanceAt(target.port)]);
  await using world = await openWorld(directory.path, dictionary.client);
  const { client } = world;

  await valueIs(client, 'tips_total{job="tipjar-web",application="tipjar",component="web"} + 1', [6]);
  await valueIs(client, 'count(node_memory_MemTotal_bytes{job="host"})', [1]);
  await valueIs(client, 'chain_height{job="chains",component="chain"}', [7]);
  await valueIs(
    client,
    'count(plumb_unit_resident_memory_bytes{application="tipjar"})',
    process.platform === 'linux' ? [1] : [],
  );
  await until('the target is up', async () => {
    const found = (await client.targets({})).find(({ job }) => job === 'tipjar-web');
    return found?.up === true && found.instance === `127.0.0.1:${target.port}` && found.sampleCount === 1;
  });
  expect(await client.metadata({ metric: 'tips_total' })).toEqual([
    { metric: 'tips_total', type: 'counter', help: 'Tips.', unit: '' },
  ]);
  expect(await client.labelValues({ label: 'currency' })).toEqual(['eth']);
  expect(await client.series({ match: ['tips_total'] })).toHaveLength(1);
  expect(await client.labels({ match: ['tips_total'] })).toContain('currency');
  const board = await client.board({ job: 'tipjar-web' });
  expect(board.groups.map(({ title }) => title)).toEqual(
    process.platform === 'linux' ? ['Application', 'Resources'] : ['Application'],
  );
  expect((await client.board({ job: 'tipjar-chain' })).groups.map(({ title }) => title)).toEqual(['Chain']);
  for (const { panels } of [...board.groups, ...(await client.board({ job: 'host' })).groups]) {
    for (const { queries } of panels) for (const { query } of queries) await client.query({ query });
  }
  await expect(client.board({ job: 'tipjar-wbe' })).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('"tipjar-web"'),
  });
  await expect(client.query({ query: 'sum(' })).rejects.toMatchObject({
    code: 'invalid',
    details: { position: { line: 1 } },
  });

  // The instance leaves: its graph ends at once, not after five minutes.
  dictionary.set([]);
  await valueIs(client, 'tips_total', []);
});

test('a live graph gains points, and outlives nothing: when the worker dies it ends, and another worker goes on', async () => {
  await using directory = await openTemporaryDirectory();
  await using target = await openTarget();
  target.text = 'tips_total 5\n';
  await using world = await openWorld(directory.path, createDictionary([instanceAt(target.port)]).client);
  const { client } = world;
  await valueIs(client, 'tips_total', [5]);
  const live = client.live({ query: 'tips_total', windowMs: 60_000, stepMs: 1_000 })[Symbol.asyncIterator]();
  expect((await live.next()).value).toMatchObject({ kind: 'snapshot' });
  await until('a step with the samples of the first scrape', async () => {
    const { value } = await live.next();
    expect(value.kind).toBe('append');
    return value.series[0]?.labels['__name__'] === 'tips_total';
  });

  const broken = expect(
    (async () => {
      for (;;) await live.next();
    })(),
  ).rejects.toMatchObject({ code: 'unavailable' });
  await world.metrics.terminateWorker();
  await broken;
  await until('the end of the worker is logged', () => world.events.includes('error metrics.worker.exit'));
  target.text = 'tips_total 6\n';
  await valueIs(client, 'tips_total', [6]);
  // What the first worker wrote is still there.
  await valueIs(client, 'count_over_time((tips_total == bool 5)[1h:100ms]) > bool 0', [1]);
});

test('a restart keeps samples and metadata comes back with the first scrape', async () => {
  await using directory = await openTemporaryDirectory();
  await using target = await openTarget();
  target.text = '# TYPE tips_total counter\ntips_total 5\n';
  const at = await (async () => {
    await using world = await openWorld(directory.path, createDictionary([instanceAt(target.port)]).client);
    await valueIs(world.client, 'tips_total', [5]);
    return Date.now();
  })();
  await using world = await openWorld(directory.path, createDictionary([]).client);
  expect(await world.client.query({ query: 'tips_total', at })).toMatchObject({ samples: [{ point: [at, 5] }] });
  expect(await world.client.targets({})).not.toContainEqual(expect.objectContaining({ job: 'tipjar-web' }));
});

test('a heavy query does not hold up the main thread, and can be cancelled', async () => {
  await using directory = await openTemporaryDirectory();
  await using world = await openWorld(directory.path, createDictionary([]).client);
  const { client } = world;
  await valueIs(client, 'count(node_memory_MemTotal_bytes)', [1]);
  const stop = new AbortController();
  const endAt = Date.now();
  const heavy = 'quantile_over_time(0.5, vector(1)[3000s:1s])';
  const query = client.queryRange(
    { query: heavy, startAt: endAt - 3_000_000, endAt, stepMs: 1_000 },
    { signal: stop.signal },
  );
  const ended = expect(query).rejects.toBeDefined();
  // Processor time of this thread, which a busy machine does not change.
  const before = process.threadCpuUsage();
  for (let i = 0; i < 40; i += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  const { user, system } = process.threadCpuUsage(before);
  stop.abort();
  await ended;
  expect((user + system) / 1_000).toBeLessThan(150);
  // The worker is free for others.
  await valueIs(client, 'count(node_memory_MemTotal_bytes)', [1]);
});

test('a target that answers wrongly is down, and says why', async () => {
  await using directory = await openTemporaryDirectory();
  await using target = await openTarget();
  target.text = 'tips_total five\n';
  const gone = { ...instanceAt(1), id: 'gone' };
  await using world = await openWorld(directory.path, createDictionary([instanceAt(target.port), gone]).client);
  await valueIs(world.client, 'up{job="tipjar-web"}', [0, 0]);
  const expected = [
    'http://127.0.0.1:1/metrics did not answer: connect ECONNREFUSED',
    'line 1 has "five" where a number belongs',
  ];
  for (const text of expected) {
    await until(`a target says: ${text}`, async () =>
      (await world.client.targets({})).some(({ lastError = '' }) => lastError.includes(text)),
    );
  }
});
