import { medianOf, type BenchResult } from '@plumb/testing/bench';
import { type Environment, openClient, type Plane, rateOf } from './bench-client.ts';
import { type EtcdPeer, openEtcdPeer } from './etcd-peer.ts';

const AT_A_TIME = 1_000;
const INSTANCES = 20_000;

type Figures = { readonly rate: number; readonly cpuUs: number };

/**
 * The same work for both, asked for in the same way: so many registrations with a lease each, synced, from one process over
 * one connection to a server in another. In turns; medians.
 */
export async function measureRegistrationsOfOthers(
  plane: Plane,
  { rounds, periodMs }: { readonly rounds: number; readonly periodMs: number },
): Promise<BenchResult[]> {
  await using etcd = await openEtcdPeer();
  const [own, theirs]: [Figures[], Figures[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    own.push(await measurePlumb(plane, plane.environments[0], periodMs));
    if (etcd !== undefined) theirs.push(await measure((i) => etcd.register(i), etcd, periodMs));
  }
  const of = (figures: readonly Figures[], name: keyof Figures): number => medianOf(figures.map((one) => one[name]));
  const peers = (name: keyof Figures): Pick<BenchResult, 'peers'> =>
    etcd === undefined ? {} : { peers: { etcd: of(theirs, name) } };
  const rate = of(own, 'rate');
  const results: BenchResult[] = [
    { name: 'durable registrations by another process', unit: '1/s', better: 'higher', ours: rate, ...peers('rate') },
    {
      name: 'CPU of such a registration, server',
      unit: 'µs',
      better: 'lower',
      ours: of(own, 'cpuUs'),
      ...peers('cpuUs'),
    },
  ];
  if (etcd === undefined) return results;
  const times = rate / of(theirs, 'rate');
  return [...results, { name: "the same, beside etcd's", unit: 'times', better: 'higher', ours: times, goal: 10 }];
}

async function measurePlumb(plane: Plane, environment: Environment | undefined, periodMs: number): Promise<Figures> {
  using client = openClient(environment);
  const register = (i: number): Promise<unknown> =>
    client.registry.register({
      service: 'shop-web',
      address: '127.0.0.1',
      port: 4_000,
      instanceId: `i${i % INSTANCES}`,
      release: `r${i}`,
      ttlMs: 300_000,
    });
  return await measure(register, plane, periodMs);
}

async function measure(
  register: (i: number) => Promise<unknown>,
  server: Pick<EtcdPeer, 'cpuUs'>,
  periodMs: number,
): Promise<Figures> {
  const beforeUs = await server.cpuUs();
  let count = 0;
  const work = async (i: number): Promise<void> => {
    count += 1;
    await register(i);
  };
  const rate = await rateOf(work, { atATime: AT_A_TIME, periodMs });
  return { rate, cpuUs: ((await server.cpuUs()) - beforeUs) / count };
}
