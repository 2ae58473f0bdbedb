// Goal: Patroni can stand on Plumb's doors. Method: two PostgreSQL servers whose Patronis keep their state in `plumb up`,
// through the door of etcd and that of Consul. In each round the primary is killed with -9, with its Patroni, and comes
// back; in every other round plumbd is killed and started again meanwhile. There is never more than one primary.
// `PATRONI_ROUNDS=20` for more rounds.
import { hasRequirement, openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { freePorts } from './src/free-ports.ts';
import {
  createPatroniCluster,
  findPatroni,
  type PatroniCluster,
  type PatroniNode,
  TTL_S,
} from './src/patroni-cluster.ts';
import { type PlumbProcess, startPlumb } from './src/plumb-process.ts';

const ROUNDS = Number(process.env['PATRONI_ROUNDS'] ?? 2);
const SOAK = Number(process.env['FUZZ_SECONDS'] ?? 0) > 0;
const WAIT = { timeoutMs: 180_000 };
const LOOK_MS = 200;

const patroni = findPatroni();
const how = 'run "apt-get install --no-install-recommends patroni python3-consul postgresql"';

type World = AsyncDisposable & {
  readonly directory: string;
  readonly dcs: object;
  readonly restart: () => Promise<void>;
};

/** `plumb up` with a token for Patroni's keys, on ports that it has again when it is started again. */
async function openWorld(kind: 'etcd3' | 'consul'): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const { path: directory } = opening.use(await openTemporaryDirectory());
  const { path: dataDirectory } = opening.use(await openTemporaryDirectory());
  const [http = 0, etcd = 0] = await freePorts(2);
  const words = ['--http', String(http), '--etcd', String(etcd)];
  let plumb: PlumbProcess = await startPlumb({ dataDirectory, words });
  opening.defer(() => plumb[Symbol.asyncDispose]());
  const scopes = {
    etcd3: ['etcd:read:/patroni/', 'etcd:write:/patroni/'],
    consul: ['registry:read', 'registry:register:demo', 'consul-kv:*:patroni/'],
  };
  const { token } = await plumb.services.identity.createToken({ name: 'patroni', scopes: scopes[kind] });
  const sections = {
    etcd3: { etcd3: { hosts: `127.0.0.1:${etcd}`, use_proxies: true, username: 'patroni', password: token } },
    consul: { consul: { host: `127.0.0.1:${http}`, scheme: 'http', token, register_service: true } },
  };
  const open = opening.move();
  return {
    directory,
    dcs: sections[kind],
    async restart() {
      await plumb.end('SIGKILL');
      plumb = await startPlumb({ dataDirectory, words });
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

type Watching = Disposable & { readonly figures: () => { readonly looks: number; readonly doubles: number } };

/** Looks at both all the time until it is disposed: how often it looked, and how often there were two primaries. */
function watchPrimaries({ nodes }: PatroniCluster): Watching {
  let [looks, doubles] = [0, 0];
  const timer = setInterval(() => {
    looks += 1;
    if (nodes.filter((node) => node.isPrimary() === true).length > 1) doubles += 1;
  }, LOOK_MS);
  return { figures: () => ({ looks, doubles }), [Symbol.dispose]: () => clearInterval(timer) };
}

const primaryOf = (nodes: readonly PatroniNode[]): PatroniNode | undefined =>
  nodes.find((node) => node.isPrimary() === true);

async function run(kind: 'etcd3' | 'consul'): Promise<void> {
  if (patroni === undefined) throw new TypeError('it is installed');
  await using world = await openWorld(kind);
  await using cluster = await createPatroniCluster(patroni, world);
  const { nodes } = cluster;
  for (const node of nodes) node.start();
  const follows = (node: PatroniNode): boolean => node.isPrimary() === false;
  await until('one leads and the other follows', () => primaryOf(nodes) !== undefined && nodes.some(follows), WAIT);
  primaryOf(nodes)?.query('create table rounds (round int primary key)');

  using watching = watchPrimaries(cluster);
  const tookS: number[] = [];
  let moves = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = await until('one leads', () => primaryOf(nodes), WAIT);
    first.query(`insert into rounds values (${round})`);
    const has = (node: PatroniNode): boolean => node.query('select max(round) from rounds') === String(round);
    await until('both have it', () => nodes.every(has), WAIT);
    if (round % 2 === 1) await world.restart();
    // Patroni gives up a primary when its store is away for longer than 5 s, which a busy machine may take to start it.
    const old = await until('one leads again', () => primaryOf(nodes), WAIT);
    moves += Number(old !== first);
    const other = nodes.find((node) => node !== old);
    if (other === undefined) throw new TypeError('there are two');
    await until('the other follows', () => follows(other), WAIT);

    const killedAt = performance.now();
    old.kill();
    await until(`the other leads in round ${round}`, () => other.isPrimary() === true, WAIT);
    tookS.push((performance.now() - killedAt) / 1_000);
    old.start();
    await until('who was killed follows', () => follows(old), WAIT);
  }
  const { looks, doubles } = watching.figures();
  process.stdout.write(
    `patroni on ${kind}: ${ROUNDS} rounds, failover after ${tookS.map((s) => s.toFixed(1)).join(', ')} s, ` +
      `${moves} moves by restarts of the store, ${doubles} of ${looks} looks saw two primaries\n`,
  );
  expect(doubles).toBe(0);
  expect(looks).toBeGreaterThan(ROUNDS);
  expect(Math.max(...tookS)).toBeLessThan(TTL_S * 3);
  expect(primaryOf(nodes)?.query('select count(*) from rounds')).toBe(String(ROUNDS));
}

const isHere = SOAK ? hasRequirement('patroni', how, patroni !== undefined) : false;
if (!SOAK) test.skip('Patroni on Plumb: minutes, so with "npm run test:soak -- patroni"');
if (isHere) {
  test.each(['etcd3', 'consul'] as const)(
    'Patroni fails over on the door of %s, to one primary at a time',
    run,
    1_800_000,
  );
}
